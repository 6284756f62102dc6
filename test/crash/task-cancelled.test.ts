// The rule: cancelling reaches every leaf, and nothing is left: no program, no timer, no socket.
import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const CHILD = fileURLToPath(new URL('./cancel-child.ts', import.meta.url))

/** Processes that run this program. */
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

test('a task of 1500 steps, a hundred of them under way as programs', {
  timeout: 110_000,
}, async (context) => {
  context.skip(process.platform !== 'linux', 'needs /proc')
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-cancelled-'))
  const program = join(directory, 'sleeper')
  copyFileSync('/bin/sleep', program)
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      CHILD,
      join(directory, 'swarm.db'),
      program,
    ])
    const { outcome, open } = JSON.parse(stdout)
    expect(outcome).toBe('cancelled')
    // Its own output is the only thing that may still be open.
    expect(open.filter((what: string) => !/^(Pipe|TTY|FS)/.test(what))).toEqual([])
    expect(running(program)).toEqual([])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
