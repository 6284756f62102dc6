import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Cancelled } from './cancel-child.ts'

const CHILD = fileURLToPath(new URL('./cancel-child.ts', import.meta.url))

export interface CancelledTask extends Cancelled {
  /** Programs of its steps that still run, by their process ids. */
  readonly programs: readonly string[]
}

/**
 * Has a process cancel a task of 1500 steps, so many of them under way, and tells what is left. Needs /proc. Programs are
 * for a hundred agents at most.
 */
export async function cancelTask(agents: number, programs: boolean): Promise<CancelledTask> {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-cancelled-'))
  // A name of its own, by which its processes are known.
  const program = join(directory, 'sleeper')
  copyFileSync('/bin/sleep', program)
  try {
    const file = join(directory, 'swarm.db')
    const argv = [CHILD, file, String(agents), ...(programs ? [program] : [])]
    const { stdout } = await promisify(execFile)(process.execPath, argv)
    return { ...(JSON.parse(stdout) as Cancelled), programs: running(program) }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

function running(program: string): string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(`${program}\0`)
      } catch {
        return false
      }
    })
}
