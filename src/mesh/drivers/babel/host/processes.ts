import { spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { DaemonState } from '../../../model.ts'
import { inside, type Place } from './exec.ts'

/** A process, told apart from a later one with the same number by its start time. */
export interface ProcessRef {
  readonly pid: number
  readonly startTime: string
}

/** One walk over /proc: the daemons that serve one of `sockets`, running, stopped or hung. */
export function findDaemons(sockets: ReadonlySet<string>): Map<string, ProcessRef> {
  const found = new Map<string, ProcessRef>()
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid) || pid === process.pid) continue
    const socket = servedSocket(readProc(pid, 'cmdline'), sockets)
    if (socket === undefined) continue
    const stat = readStat(pid)
    if (stat && stat.state !== 'dead') found.set(socket, { pid, startTime: stat.startTime })
  }
  return found
}

/** The path after -G or -g (or in a `local-path` statement) of a babeld; clients and shells name it otherwise. */
function servedSocket(cmdline: string | undefined, sockets: ReadonlySet<string>): string | undefined {
  if (!cmdline) return undefined
  const words = cmdline.split('\0')
  if (!basename(words[0] ?? '').includes('babel')) return undefined
  for (const [index, word] of words.entries()) {
    const previous = words[index - 1]
    if ((previous === '-G' || previous === '-g') && sockets.has(word)) return word
    const inWord = /^(?:-[Gg]|local-path(?:-readwrite)?\s+"?)([^"]+)"?$/.exec(word)?.[1]
    if (inWord !== undefined && sockets.has(inWord)) return inWord
  }
  return undefined
}

/** What /proc says now; `dead` where the process is gone, a zombie, or another one. */
export function daemonState(ref: ProcessRef | undefined): DaemonState {
  const stat = ref && readStat(ref.pid)
  return stat && stat.startTime === ref.startTime ? stat.state : 'dead'
}

/** Sends the signal; false where the process is gone. */
export function signalProcess(ref: ProcessRef, name: 'SIGCONT' | 'SIGKILL'): boolean {
  if (daemonState(ref) === 'dead') return false
  try {
    process.kill(ref.pid, name)
    return true
  } catch {
    return false
  }
}

/** Starts a daemon that outlives this process, in its own process group, its output appended to `log`. */
export function startDetached(place: Place, argv: readonly string[], log: string): void {
  const [file = '', ...args] = inside(place, argv)
  const fd = openSync(log, 'a')
  try {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', fd, fd], cwd: '/' })
    child.on('error', () => undefined)
    child.unref()
  } finally {
    closeSync(fd)
  }
}

function readStat(pid: number): { state: DaemonState; startTime: string } | undefined {
  const text = readProc(pid, 'stat')
  if (!text) return undefined
  // The command name is in parentheses and may hold anything: fields count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const letter = fields[0] ?? ''
  const state =
    letter === 'Z' || letter === 'X' ? 'dead' : letter === 'T' || letter === 't' ? 'stopped' : 'running'
  return { state, startTime: fields[19] ?? '' }
}

function readProc(pid: number, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'latin1')
  } catch {
    return undefined
  }
}
