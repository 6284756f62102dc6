import { execFileSync, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Inventory } from '../../../src/mesh/drivers/babel/index.ts'
import type { MeshDriver } from '../../../src/mesh/index.ts'

/** Why a test with real daemons cannot run here; undefined where it can. */
export function whyNoMesh(): string | undefined {
  if (process.platform !== 'linux') return 'needs Linux'
  if (process.getuid?.() !== 0) return 'needs root'
  const found = ['/usr/sbin/babeld', '/sbin/babeld', '/usr/local/sbin/babeld', '/usr/bin/babeld'].some(
    existsSync,
  )
  if (!found) return 'needs babeld'
  try {
    execFileSync('ip', ['netns', 'add', `mbt-probe-${process.pid}`], { stdio: 'ignore' })
    execFileSync('ip', ['netns', 'del', `mbt-probe-${process.pid}`], { stdio: 'ignore' })
    return undefined
  } catch {
    return 'needs network namespaces'
  }
}

export interface TestMesh extends AsyncDisposable {
  readonly dir: string
  readonly inventory: Inventory
  ns(id: string): string
  inside(id: string, ...argv: string[]): string
}

/**
 * Real babelds in namespaces `mbt-PID-N-ID`, a veth for each link: interface `to-B` on A and `to-A` on B. Node
 * `n3` has the address `fd00:6d62::3`. Disposing ends every process in the namespaces and removes them.
 */
export async function testMesh(
  links: readonly (readonly [string, string])[],
  args: readonly string[] = ['-C', 'default hello-interval 1 update-interval 4'],
): Promise<TestMesh> {
  const dir = mkdtempSync(join(tmpdir(), 'mbt-'))
  const tag = dir.slice(-6).replaceAll(/[^A-Za-z0-9]/g, 'x')
  const ids = [...new Set(links.flat())].sort()
  const ns = (id: string) => `mbt-${tag}-${id}`
  const address = (id: string) => `fd00:6d62::${id.replaceAll(/\D/g, '')}`
  const inside = (id: string, ...argv: string[]) =>
    execFileSync('nsenter', [`--net=/run/netns/${ns(id)}`, ...argv], { encoding: 'utf8' })
  const dispose = async () => {
    for (const id of ids) endAll(ns(id))
    batch(ids.filter((id) => existsSync(`/run/netns/${ns(id)}`)).map((id) => `netns del ${ns(id)}`))
    rmSync(dir, { recursive: true, force: true })
  }
  const nodes = ids.map((id) => {
    const socket = join(dir, `${id}.sock`)
    const ifaces = links.flatMap(([a, b]) => (a === id ? [`to-${b}`] : b === id ? [`to-${a}`] : []))
    const start = [
      ...['babeld', '-I', '', '-S', join(dir, `${id}.state`), '-r', '-G', socket],
      ...['-C', 'skip-kernel-setup true', ...args],
      ...['-C', 'redistribute local ip fd00:6d62::/64 allow', '-C', 'redistribute local deny', ...ifaces],
    ]
    return { id, address: address(id), netns: ns(id), socket, daemon: { start } }
  })
  try {
    batch(ids.map((id) => `netns add ${ns(id)}`))
    for (const id of ids) {
      const settings = [
        'all.accept_dad=0',
        'default.accept_dad=0',
        'all.forwarding=1',
        'default.forwarding=1',
      ]
      inside(id, 'sysctl', '-qw', ...settings.map((setting) => `net.ipv6.conf.${setting}`))
      inside(id, 'ip', 'link', 'set', 'lo', 'up')
      inside(id, 'ip', 'addr', 'add', `${address(id)}/128`, 'dev', 'lo')
    }
    batch(links.map(([a, b]) => `link add to-${b} netns ${ns(a)} type veth peer name to-${a} netns ${ns(b)}`))
    for (const [a, b] of links) {
      inside(a, 'ip', 'link', 'set', `to-${b}`, 'up')
      inside(b, 'ip', 'link', 'set', `to-${a}`, 'up')
    }
    for (const node of nodes) {
      const argv = [`--net=/run/netns/${node.netns}`, ...node.daemon.start]
      spawn('nsenter', argv, { detached: true, stdio: 'ignore' }).unref()
    }
    while (!nodes.every((node) => existsSync(node.socket))) await new Promise((r) => setTimeout(r, 10))
  } catch (error) {
    await dispose()
    throw error
  }
  return {
    dir,
    inventory: { version: 1, mesh: 'babel', nodes },
    ns,
    inside,
    [Symbol.asyncDispose]: dispose,
  }
}

function batch(commands: readonly string[]): void {
  execFileSync('ip', ['-batch', '-'], {
    input: `${commands.join('\n')}\n`,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
}

/** Ends every process in the namespace, by its id. */
function endAll(netns: string): void {
  if (!existsSync(`/run/netns/${netns}`)) return
  const inode = statSync(`/run/netns/${netns}`).ino
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid)) continue
    try {
      if (readlinkSync(`/proc/${pid}/ns/net`) === `net:[${inode}]`) process.kill(pid, 'SIGKILL')
    } catch {
      // Gone already, or a thread of the kernel.
    }
  }
}

/** The processes whose command line names `text`. */
export function processesNaming(text: string): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) return []
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text) ? [pid] : []
    } catch {
      return []
    }
  })
}

/** Waits until every node has a way to every other and all links are up. Rejects after 30 s. */
export async function converged(driver: MeshDriver, links: number): Promise<void> {
  const signal = AbortSignal.timeout(30_000)
  for (;;) {
    const { nodes, routes, links: found } = await driver.snapshot(signal)
    const ids = [...nodes.keys()]
    const up = [...found.values()].filter(({ up }) => up.known && up.value).length
    const all = ids.every((a) => ids.every((b) => routes.path(a, b) !== undefined))
    if (all && up === links) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
