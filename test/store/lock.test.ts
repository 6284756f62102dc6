import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { RealClock } from '../../src/core/index.ts'
import { FileJournal, readJournal } from '../../src/store/index.ts'

interface Event {
  readonly kind: 'count'
  readonly n: number
}

const clock = new RealClock()
let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-journal-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const open = () => new FileJournal<Event>({ clock }, { directory })

/** Appends for ever; prints the number of each record once it is durable. */
const WRITER = `
  import { RealClock } from '${new URL('../../src/core/index.ts', import.meta.url)}'
  import { FileJournal } from '${new URL('../../src/store/index.ts', import.meta.url)}'
  const journal = new FileJournal({ clock: new RealClock() }, { directory: process.argv[1] })
  for (let n = 1; ; n++) {
    await Promise.all([journal.append({ kind: 'count', n: 2 * n - 1 }), journal.append({ kind: 'count', n: 2 * n })])
    process.stdout.write(2 * n + '\\n')
  }`

function startWriter() {
  return spawn(process.execPath, ['--input-type=module', '-e', WRITER, directory], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
}

it('lets one writer in at a time and names the other, then the next after its close', async () => {
  const first = open()
  expect(open).toThrow(
    expect.objectContaining({ code: 'CONFLICT', details: { directory, pid: process.pid } }),
  )
  await first.close()
  const second = open()
  await second.close()
  expect(readdirSync(directory).filter((name) => /lock|draft/.test(name))).toHaveLength(1)
})

it('takes a lock over whose pid belongs to another process by now', async () => {
  writeFileSync(join(directory, 'lock.7'), JSON.stringify({ pid: process.pid, started: 'another boot/1' }))
  const journal = open()
  expect(open).toThrow('in use')
  await journal.close()
})

it('after kill -9 of the writer: the lock is free, and all that was confirmed is there, in order', async () => {
  for (let round = 0; round < 3; round++) {
    const writer = startWriter()
    let confirmed = 0
    writer.stdout.on('data', (chunk: Buffer) => {
      confirmed = Number(chunk.toString().trimEnd().split('\n').at(-1))
      if (confirmed > 50 + round * 13) writer.kill('SIGKILL')
    })
    await once(writer.stdout, 'data')
    expect(open).toThrow(`process ${writer.pid}`)
    await once(writer, 'close')
    const records = [...readJournal<Event>(directory)]
    expect(records.length).toBeGreaterThanOrEqual(confirmed)
    expect(records.map(({ n }) => n)).toEqual(records.map((_, i) => i + 1))
    const journal = open()
    expect([...journal.read()]).toHaveLength(records.length)
    await journal.close()
    for (const name of readdirSync(directory)) if (name.endsWith('.jsonl')) rmSync(join(directory, name))
  }
})
