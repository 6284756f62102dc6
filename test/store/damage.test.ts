import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
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
let file = ''
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-journal-'))
  const journal = open()
  for (let n = 1; n <= 5; n++) journal.appendSync({ kind: 'count', n })
  await journal.close()
  file = join(directory, '000000000001.jsonl')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function open(): FileJournal<Event> {
  return new FileJournal<Event>({ clock }, { directory })
}

it('has nothing to recover after a clean end', async () => {
  const journal = open()
  expect(journal.recovered).toBeUndefined()
  await journal.close()
})

it('sets a torn last line aside wherever it was cut, says so, keeps every whole record and goes on', async () => {
  const whole = readFileSync(file)
  const lastStart = whole.lastIndexOf(10, whole.length - 2) + 1
  for (let length = lastStart + 1; length < whole.length; length += 7) {
    writeFileSync(file, whole.subarray(0, length))
    const journal = open()
    expect(journal.recovered).toMatchObject({ file, afterSeq: 4, bytes: length - lastStart })
    expect(readFileSync(journal.recovered?.setAside ?? '')).toEqual(whole.subarray(lastStart, length))
    expect(journal.appendSync({ kind: 'count', n: 50 })).toMatchObject({ seq: 5 })
    expect([...journal.read()].map(({ n }) => n)).toEqual([1, 2, 3, 4, 50])
    await journal.close()
  }
  expect(readdirSync(directory).filter((name) => name.startsWith('torn-')).length).toBeLessThanOrEqual(8)
})

it('takes zeros at the end (what some file systems leave after a power cut) as torn', async () => {
  appendFileSync(file, Buffer.alloc(300))
  const journal = open()
  expect(journal.recovered).toMatchObject({ afterSeq: 5, bytes: 300 })
  expect([...journal.read()]).toHaveLength(5)
  await journal.close()
})

it('names file and line of a record that is damaged in any single byte, and changes nothing', () => {
  const whole = readFileSync(file)
  const start = whole.indexOf(10) + 1
  const end = whole.indexOf(10, start)
  for (let at = start; at <= end; at++) {
    const broken = Buffer.from(whole)
    broken.writeUInt8(broken.readUInt8(at) ^ 1, at)
    writeFileSync(file, broken)
    expect(open, `byte ${at}`).toThrow(`${file}, line 2`)
    expect(() => [...readJournal(directory)]).toThrow(`${file}, line 2`)
    expect(readFileSync(file)).toEqual(broken)
  }
})

it('finds a record that was taken out', () => {
  const lines = readFileSync(file, 'utf8').split('\n')
  writeFileSync(file, lines.toSpliced(2, 1).join('\n'))
  expect(open).toThrow('line 3')
})

it('finds a file that was taken out', async () => {
  const options = { directory, maxBytes: 8 * 4096 }
  const journal = new FileJournal<Event>({ clock }, options)
  for (let n = 6; n <= 200; n++) journal.appendSync({ kind: 'count', n })
  await journal.close()
  const files = readdirSync(directory).filter((name) => name.endsWith('.jsonl'))
  expect(files.length).toBeGreaterThan(2)
  rmSync(join(directory, files[1] ?? ''))
  expect(() => [...readJournal(directory)]).toThrow('lacks records')
})

it('reads beside a writer: whole records only, and nothing is changed', async () => {
  const journal = open()
  journal.appendSync({ kind: 'count', n: 6 })
  truncateSync(file, readFileSync(file).length - 3)
  expect([...readJournal<Event>(directory)].map(({ n }) => n)).toEqual([1, 2, 3, 4, 5])
  expect([...readJournal(join(directory, 'nowhere'))]).toEqual([])
  await journal.close()
})

it('fails for good after a write that failed, and says why', async () => {
  const journal = open()
  // The next file cannot be made: the directory is gone.
  rmSync(directory, { recursive: true })
  const append = () => journal.appendSync({ kind: 'count', n: 1, ...{ text: 'x'.repeat(4 * 2 ** 20) } })
  append()
  expect(append).toThrow(expect.objectContaining({ code: 'UNAVAILABLE' }))
  await expect(journal.append({ kind: 'count', n: 2 })).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await expect(journal.close()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})
