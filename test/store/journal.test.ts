import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { RealClock, VirtualClock } from '../../src/core/index.ts'
import { FileJournal, type Journal, MemoryJournal } from '../../src/store/index.ts'

type Event = { readonly kind: 'note'; readonly text: string } | { readonly kind: 'count'; readonly n: number }

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-journal-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const clock = new RealClock()
const makers: readonly (readonly [string, () => Journal<Event>])[] = [
  ['file', () => new FileJournal<Event>({ clock }, { directory })],
  ['memory', () => new MemoryJournal<Event>({ clock })],
]

describe.each(makers)('any journal: %s', (_name, make) => {
  it('keeps the order of the calls, with a sequence without a gap, however records were appended', async () => {
    const journal = make()
    const first = journal.append({ kind: 'count', n: 1 })
    const second = journal.append({ kind: 'count', n: 2 })
    journal.appendSync({ kind: 'count', n: 3 })
    const fourth = journal.append({ kind: 'count', n: 4 })
    await Promise.all([first, second, fourth])
    const records = [...journal.read()]
    expect(records.map(({ seq }) => seq)).toEqual([1, 2, 3, 4])
    expect(records.map((record) => (record.kind === 'count' ? record.n : 0))).toEqual([1, 2, 3, 4])
    await journal.close()
  })

  it('gives back what any text was, line feeds and half surrogates included', async () => {
    const journal = make()
    const texts: string[] = []
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        await journal.append({ kind: 'note', text })
        texts.push(text)
      }),
      { numRuns: 50 },
    )
    expect([...journal.read()].map((record) => record.kind === 'note' && record.text)).toEqual(texts)
    await journal.close()
  })

  it('refuses appends after close, closes twice, and can be read still', async () => {
    const journal = make()
    journal.appendSync({ kind: 'count', n: 1 })
    await journal.close()
    await journal.close()
    await expect(journal.append({ kind: 'count', n: 2 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(() => journal.appendSync({ kind: 'count', n: 2 })).toThrow('closed')
    expect([...journal.read()]).toHaveLength(1)
  })

  it('is not changed by what the caller does to the event afterwards', async () => {
    const journal = make()
    const event = { kind: 'note' as const, text: 'before' }
    const record = journal.appendSync(event)
    event.text = 'after'
    expect(record).toMatchObject({ text: 'before', seq: 1 })
    expect([...journal.read()]).toMatchObject([{ text: 'before' }])
    await journal.close()
  })
})

it('stamps records with the time of the clock, and virtual time stands still until they are durable', async () => {
  const virtual = new VirtualClock({ startAt: 1000 })
  const journal = new FileJournal<Event>({ clock: virtual }, { directory })
  const work = (async () => {
    await virtual.sleep(500)
    await journal.append({ kind: 'count', n: 1 })
    return virtual.now()
  })()
  virtual.after(501, () => undefined)
  expect(await virtual.runUntil(work)).toBe(1500)
  expect([...journal.read()]).toMatchObject([{ at: 1500 }])
  await journal.close()
})

it('commits what one turn of the event loop appends together: far more records than syncs', async () => {
  const journal = new FileJournal<Event>({ clock }, { directory })
  const startedAt = performance.now()
  const appended = Array.from({ length: 5000 }, (_, n) => journal.append({ kind: 'count', n }))
  await Promise.all(appended)
  expect([...journal.read()]).toHaveLength(5000)
  // One sync each would take seconds on any disk that does sync.
  expect(performance.now() - startedAt).toBeLessThan(2000)
  await journal.close()
})

describe('retention', () => {
  const MAX_BYTES = 8 * 4096

  it('keeps all files within the bound, drops the oldest records only, and goes on after a restart', async () => {
    const options = { directory, maxBytes: MAX_BYTES }
    let journal = new FileJournal<Event>({ clock }, options)
    for (let n = 1; n <= 3000; n++) {
      if (n % 7 === 0) journal.appendSync({ kind: 'count', n })
      else void journal.append({ kind: 'count', n })
      if (n === 1500) {
        await journal.close()
        journal = new FileJournal<Event>({ clock }, options)
      }
    }
    await journal.append({ kind: 'count', n: 3001 })
    const records = [...journal.read()]
    expect(records.at(-1)).toMatchObject({ seq: 3001, n: 3001 })
    expect(records.length).toBeGreaterThan(200)
    expect(records.length).toBeLessThan(3000)
    for (const record of records) expect(record).toMatchObject({ n: record.seq })
    const bytes = records.reduce((sum, record) => sum + JSON.stringify(record).length + 18, 0)
    expect(bytes).toBeLessThanOrEqual(MAX_BYTES)
    await journal.close()
  })

  it('refuses an event that is larger than a file may be, and goes on', async () => {
    const journal = new FileJournal<Event>({ clock }, { directory, maxBytes: MAX_BYTES })
    const large = { kind: 'note', text: 'x'.repeat(5000) } as const
    await expect(journal.append(large)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(journal.appendSync({ kind: 'count', n: 1 })).toMatchObject({ seq: 1 })
    await journal.close()
  })

  it('holds for memory too', () => {
    const journal = new MemoryJournal<Event>({ clock }, { maxBytes: 5000 })
    for (let n = 1; n <= 1000; n++) journal.appendSync({ kind: 'count', n })
    const records = [...journal.read()]
    expect(records.at(-1)).toMatchObject({ n: 1000 })
    expect(records.length).toBeGreaterThan(20)
    expect(records.length).toBeLessThan(100)
  })
})
