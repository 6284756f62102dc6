import { readdir, readFile, stat } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

export interface NetnsProcess {
  readonly pid: number
  /** Command line, NUL-separated arguments joined by blanks. */
  readonly command: string
  /** One letter of /proc/PID/stat: R, S, D, T (stopped), Z (zombie) … */
  readonly state: string
}

/** Identity of a namespace: the inode that /proc/PID/ns/net shows too. Undefined where there is none. */
async function netnsInode(netns: string): Promise<number | undefined> {
  return (await stat(`/run/netns/${netns}`).catch(() => undefined))?.ino
}

async function describe(pid: number): Promise<NetnsProcess | undefined> {
  try {
    const line = await readFile(`/proc/${pid}/stat`, 'latin1')
    const state = line.slice(line.lastIndexOf(')') + 2, line.lastIndexOf(')') + 3)
    const command = (await readFile(`/proc/${pid}/cmdline`, 'latin1')).replaceAll('\0', ' ').trim()
    return { pid, command, state }
  } catch {
    return undefined
  }
}

/** The living processes of each namespace, in one walk over /proc. Zombies do not count. */
export async function processesIn(netns: readonly string[]): Promise<Map<string, NetnsProcess[]>> {
  const table = new Map<string, NetnsProcess[]>(netns.map((name) => [name, []]))
  const byInode = new Map<number, string>()
  for (const name of netns) {
    const inode = await netnsInode(name)
    if (inode !== undefined) byInode.set(inode, name)
  }
  if (byInode.size === 0) return table
  for (const entry of await readdir('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid)) continue
    const inode = (await stat(`/proc/${pid}/ns/net`).catch(() => undefined))?.ino
    const name = inode === undefined ? undefined : byInode.get(inode)
    const found = name === undefined ? undefined : await describe(pid)
    if (name !== undefined && found && found.state !== 'Z') table.get(name)?.push(found)
  }
  return table
}

/** The routing daemon in a namespace, undefined where none runs. */
export async function daemonIn(netns: string): Promise<NetnsProcess | undefined> {
  const found = (await processesIn([netns])).get(netns) ?? []
  return found.find(isDaemon)
}

export function isDaemon(process: NetnsProcess): boolean {
  return /^(\S*\/)?babeld /.test(process.command)
}

/** Sends a signal; a process that is gone already is no error. */
export function signalPid(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Ends everything in the namespaces and waits until it is gone (at most some 5 s; a namespace outlives it). */
export async function killAllIn(netns: readonly string[]): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const left = [...(await processesIn(netns)).values()].flat()
    if (left.length === 0) return
    for (const { pid } of left) signalPid(pid, 'SIGKILL')
    await delay(attempt === 0 ? 20 : 100)
  }
}
