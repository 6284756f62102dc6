// The rule: after `kill -9` at any moment the next start goes on. No finished step is done again, none is lost.
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { entropySeed, seededRandom } from '../../src/core/index.ts'

const CHILD = fileURLToPath(new URL('./task-child.ts', import.meta.url))
const STEPS = 500

let directory = ''
let file = ''
let diary = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-killed-'))
  file = join(directory, 'swarm.db')
  diary = join(directory, 'diary')
  writeFileSync(diary, '')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function start(groups = 0): { child: ChildProcess; ended: Promise<string> } {
  const child = spawn(process.execPath, [CHILD, file, diary, String(STEPS), '20', String(groups)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const ended = new Promise<string>((resolve) => child.once('close', () => resolve(said.trim())))
  return { child, ended }
}

const begun = () => readFileSync(diary, 'utf8').split('\n').slice(0, -1)

/** Opening the file here as well finishes what the killed one had begun to write. */
function finished(): Set<string> {
  const database = new DatabaseSync(file, { timeout: 5000 })
  try {
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' })
    const made = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'result'").get()
    const rows = made ? database.prepare('SELECT step FROM result').all() : []
    return new Set(rows.map(({ step }) => String(step)))
  } finally {
    database.close()
  }
}

test.each([
  ['a task of 500 steps', 0],
  ['a task of five steps, done by twenty sub-agents each in 100 steps', 5],
])('%s, its process killed again and again', { timeout: 110_000 }, async (_, groups) => {
  const seed = entropySeed()
  const random = seededRandom(seed)
  for (let kills = 0; ; kills++) {
    const done = existsSync(file) ? finished() : new Set()
    const mark = begun().length
    const { child, ended } = start(groups)
    // In the first rounds also before the first step, while it opens the file.
    while (kills > 2 && begun().length === mark && child.exitCode === null) await delay(2)
    const pause = delay(random.next() * (kills > 2 ? 200 : 300), undefined)
    const said = await Promise.race([ended, pause])
    child.kill('SIGKILL')
    await ended
    const again = begun()
      .slice(mark)
      .filter((step) => done.has(step))
    expect(again, `seed ${seed}: done again`).toEqual([])
    if (said === undefined) continue
    expect(said, `seed ${seed}`).toBe('succeeded')
    expect(kills).toBeGreaterThan(3)
    break
  }
  expect(finished().size).toBe(STEPS + groups)
  expect(new Set(begun()).size).toBe(STEPS)
})
