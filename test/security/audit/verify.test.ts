// The rule: whatever is done to a log by somebody without its key is found, and it is said which entries it touches.
import { copyFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { agentId } from '../../../src/core/index.ts'
import { encodeEntry } from '../../../src/security/audit/entry.ts'
import { leafHash } from '../../../src/security/audit/merkle.ts'
import {
  exportPart,
  exportWhole,
  type LogReport,
  NoteSigner,
  readStore,
  verifyExport,
} from '../../../src/security/index.ts'
import { entry, fill, inDirectory, NEVER, openLog, signer, tamper, verifyStore } from './log-fixture.ts'

const place = inDirectory()
const SIZE = 12
/** One checkpoint for every three entries. */
const AT_ONCE = 3

beforeEach(() => fill(place.file, SIZE, AT_ONCE))

async function* each(lines: readonly string[]) {
  yield* lines
}

const whole = () => [...exportWhole(readStore(place.file))].map((line) => JSON.stringify(line))
const part = () =>
  [...exportPart(readStore(place.file), { agent: agentId('agent-1') })].map((line) => JSON.stringify(line))
const verify = (lines: readonly string[], kept?: string) => verifyExport(each(lines), signer, { kept }, NEVER)

/** What is found, and whether some finding is about the entry. */
function touches({ findings }: LogReport, seq: number): boolean {
  return findings.some(({ from, to }) => from <= seq && seq <= to)
}

/** The finding, or the number of the line that cannot be read. */
async function outcome(lines: readonly string[], kept?: string) {
  try {
    return await verify(lines, kept)
  } catch (error) {
    return String(error)
  }
}

test('a log that nobody has touched is sound, in its store and exported', async () => {
  const report = await verifyStore(place.file)
  expect(report).toMatchObject({ entries: SIZE, checkpoints: SIZE / AT_ONCE, dropped: 0, findings: [] })
  expect(await verify(whole())).toEqual(report)
  const { checkpoint, origin } = report
  expect(await verify(part())).toEqual({
    origin,
    entries: 4,
    checkpoints: 1,
    dropped: 0,
    checkpoint,
    findings: [],
  })
})

test('an empty log is sound', async () => {
  const file = `${place.file}.empty`
  await (await openLog(file)).close()
  expect(await verifyStore(file)).toMatchObject({ entries: 0, checkpoints: 0, findings: [] })
  const lines = [...exportWhole(readStore(file))].map((line) => JSON.stringify(line))
  expect(await verify(lines)).toMatchObject({ entries: 0, findings: [] })
})

describe('in the store', () => {
  /** An entry as the writer would have stored it, but for the signature. */
  const forged = (seq: number) => {
    const text = encodeEntry(1, { kind: 'decision', n: seq, allowed: true, forged: true })
    return { text, hash: leafHash(text) }
  }
  const findings = async () => (await verifyStore(place.file)).findings

  test('a text that was changed is that entry', async () => {
    tamper(place.file, ["UPDATE entry SET text = replace(text, 'false', 'true') WHERE seq = 7"])
    expect(await findings()).toMatchObject([{ from: 7, to: 7, what: expect.stringContaining('altered') }])
  })

  test('a text with its hash is found by the checkpoint over it', async () => {
    const { text, hash } = forged(7)
    tamper(place.file, ['UPDATE entry SET text = ?, hash = ? WHERE seq = 7', text, hash])
    expect(await findings()).toEqual([{ from: 6, to: 8, what: 'not what was signed' }])
  })

  test('entries that were dropped are missing', async () => {
    tamper(place.file, ['DELETE FROM entry WHERE seq IN (4, 5)'])
    expect(await findings()).toEqual([{ from: 4, to: 5, what: 'missing' }])
  })

  test('entries that were dropped, and the later ones moved up', async () => {
    tamper(
      place.file,
      ['DELETE FROM entry WHERE seq = 4'],
      ['UPDATE entry SET seq = -seq + 1 WHERE seq > 4'],
      ['UPDATE entry SET seq = -seq WHERE seq < 0'],
    )
    const report = await verifyStore(place.file)
    expect(touches(report, 4) || touches(report, 5)).toBe(true)
  })

  test('two that changed places', async () => {
    tamper(
      place.file,
      ['UPDATE entry SET seq = -1 WHERE seq = 4'],
      ['UPDATE entry SET seq = 4 WHERE seq = 8'],
      ['UPDATE entry SET seq = 8 WHERE seq = -1'],
    )
    expect(await findings()).toEqual([{ from: 3, to: 5, what: 'not what was signed' }])
  })

  test('entries that were added at the end are not signed for', async () => {
    const { text, hash } = forged(SIZE)
    tamper(place.file, ['INSERT INTO entry VALUES (?, ?, ?)', SIZE, hash, text])
    expect(await findings()).toEqual([{ from: SIZE, to: SIZE, what: 'not signed for' }])
  })

  test('the end that was cut off is missing where a checkpoint is left, and else where one was kept', async () => {
    const { checkpoint } = await verifyStore(place.file)
    tamper(place.file, ['DELETE FROM entry WHERE seq >= 9'])
    expect(await findings()).toEqual([{ from: 9, to: 11, what: 'missing' }])
    tamper(place.file, ['DELETE FROM checkpoint WHERE last >= 9'])
    expect(await findings()).toEqual([])
    expect((await verifyStore(place.file, checkpoint)).findings).toEqual([
      { from: 9, to: 11, what: 'cut off since the checkpoint was kept' },
    ])
  })

  test('a text that went without a word', async () => {
    tamper(place.file, ['UPDATE entry SET text = NULL WHERE seq IN (2, 7)'])
    expect(await findings()).toMatchObject([
      { from: 0, to: 7, what: expect.stringContaining('without a text') },
    ])
  })

  test('a checkpoint of another key', async () => {
    const note = NoteSigner.generate('example.org/audit').sign(`x\n6\n${leafHash('').toString('base64')}\n`)
    tamper(place.file, ['UPDATE checkpoint SET note = ? WHERE last = 5', note])
    expect(await findings()).toEqual([
      { from: 3, to: 5, what: 'below a checkpoint that this key has not signed' },
    ])
  })
})

describe('a checkpoint that was kept elsewhere', () => {
  test('of the log itself, now or earlier, holds', async () => {
    for (const record of readStore(place.file)) {
      if (record.kind === 'checkpoint')
        expect((await verifyStore(place.file, record.note)).findings).toEqual([])
    }
  })

  test('shows that a log was forked, though each of the two is signed by the key', async () => {
    const twin = `${place.file}.twin`
    copyFileSync(place.file, twin)
    const log = await openLog(place.file)
    await log.append(entry(100))
    const kept = log.checkpoint
    await log.close()
    await using other = await openLog(twin)
    for (const n of [200, 201, 202]) await other.append(entry(n))
    expect((await verifyStore(twin)).findings).toEqual([])
    expect((await verifyStore(twin, kept)).findings).toMatchObject([
      { from: 0, to: SIZE, what: expect.stringContaining('forked') },
    ])
  })

  test('shows that a log was made anew with the same key', async () => {
    const { checkpoint } = await verifyStore(place.file)
    const anew = `${place.file}.anew`
    await fill(anew, SIZE + 1)
    expect((await verifyStore(anew)).findings).toEqual([])
    const { findings } = await verifyStore(anew, checkpoint)
    expect(findings.map(({ what }) => what).join()).toContain('another log')
  })

  test('of another key is refused', async () => {
    await expect(verifyStore(place.file, 'x')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

describe('of the lines of an export', () => {
  test('no byte can be changed: it is found at its entry or its line', async () => {
    const parts = part()
    for (const lines of [whole(), parts]) {
      const bytes = Buffer.from(lines.join('\n'))
      const property = fc.asyncProperty(
        fc.nat({ max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, xor) => {
          const flipped = Buffer.from(bytes)
          flipped[at] = (flipped[at] ?? 0) ^ xor
          const found = await outcome(flipped.toString().split('\n'))
          if (typeof found === 'string') {
            expect(found).toMatch(/Line \d+|no exported/)
            return
          }
          expect(found.findings).not.toEqual([])
          const line = bytes.subarray(0, at).toString().split('\n').length - 1
          // In a part an entry is what it says it is; in a whole log its place says so as well.
          const said = lines === parts ? flipped.toString().split('\n') : lines
          const seq = /^\{"seq":(\d+)/.exec(said[line] ?? '')?.[1]
          if (seq !== undefined) expect(touches(found, Number(seq)), flipped.toString()).toBe(true)
        },
      )
      await fc.assert(property, { numRuns: 400 })
    }
  })

  test('none can be dropped, doubled or moved but a checkpoint between two others', async () => {
    for (const lines of [whole(), part()]) {
      const place = fc.nat({ max: lines.length - 1 })
      const property = fc.asyncProperty(place, place, async (from, to) => {
        const without = lines.toSpliced(from, 1)
        const isEntry = lines[from]?.startsWith('{"seq"') ?? false
        const changed = [lines.toSpliced(from, 0, lines[from] ?? '')]
        if (isEntry || from === 0 || from === lines.length - 1) changed.push(without)
        if (from !== to && isEntry) changed.push(without.toSpliced(to, 0, lines[from] ?? ''))
        for (const those of changed) {
          const found = await outcome(those)
          if (typeof found !== 'string' && !isEntry && those.length > lines.length) continue
          if (typeof found === 'string') expect(found).toMatch(/stands in|no exported/)
          else expect(found.findings).not.toEqual([])
        }
      })
      await fc.assert(property, { numRuns: 200 })
    }
  })

  test('a part holds what matches only, and nothing of another log gets into it', async () => {
    const lines = part()
    expect(lines.slice(1).every((line) => line.includes('agent-1'))).toBe(true)
    const other = `${place.file}.other`
    await fill(other, SIZE, AT_ONCE)
    const foreign = [...exportPart(readStore(other), {})].map((line) => JSON.stringify(line))
    const mixed = lines.with(1, foreign[2] ?? '')
    expect((await verify(mixed)).findings).toEqual([{ from: 1, to: 1, what: 'not what was signed' }])
    await expect(verify(lines, 'note')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('what is no export is refused', async () => {
    for (const lines of [[], [''], ['{}'], ['x'], [whole()[1] ?? ''], [' {"audit":1,"part":false}']])
      await expect(verify(lines)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })
})

test('the verification of a long log can be cancelled', async () => {
  const lines = verifyExport(each(whole()), signer, {}, AbortSignal.abort())
  await expect(lines).rejects.toMatchObject({ code: 'CANCELLED' })
})
