import { readFileSync } from 'node:fs'

/** Tells a process of this host, within one pid namespace, from every other that there ever was. */
export interface ProcessIdentity {
  readonly pid: number
  /** Boot and start time of the process, so that a pid that was given away again is not taken for it. */
  readonly started: string
}

export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, started: startOf(process.pid) }
}

export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false
  }
  const started = startOf(identity.pid)
  return started === '' || identity.started === '' || started === identity.started
}

/** Empty where the system does not tell. */
function startOf(pid: number): string {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Field 22, counted behind the command name, which may hold blanks and brackets.
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
    return `${boot}/${startTime}`
  } catch {
    return ''
  }
}
