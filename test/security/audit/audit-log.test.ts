// The rule: what is appended is durable, in one order, signed for in the same commit; and the log never forks itself.
import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, test } from 'vitest'
import { agentId, changeId, nodeId, VirtualClock } from '../../../src/core/index.ts'
import { leafHash } from '../../../src/security/audit/merkle.ts'
import {
  type AuditRecord,
  decisionEntry,
  decodeEntry,
  NoteSigner,
  openCheckpoint,
  readStore,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/security/index.ts'
import { entry, fill, inDirectory, openLog, signer, tamper, verifyStore } from './log-fixture.ts'

const place = inDirectory()
const TAMPERED = { code: 'AUDIT_TAMPERED' }

function recordsIn(file: string): readonly AuditRecord[] {
  return [...readStore(file)].flatMap((record) =>
    record.kind === 'entry' && record.text !== undefined ? [decodeEntry(record.seq, record.text)] : [],
  )
}

function head(note: string | undefined) {
  const checkpoint = openCheckpoint(note ?? '', signer.verifier)
  if (!checkpoint) throw new Error('no checkpoint')
  return checkpoint
}

describe('append', () => {
  test('is in the file when it resolves, with its place, its time and a signed checkpoint over it', async () => {
    await using log = await openLog(place.file, { clock: new VirtualClock({ startAt: 1000 }) })
    for (let n = 0; n < 3; n++) {
      expect(await log.append(entry(n))).toEqual({ seq: n, at: 1000, entry: entry(n) })
      expect(recordsIn(place.file)).toHaveLength(n + 1)
      expect(head(log.checkpoint).size).toBe(n + 1)
      expect(await verifyStore(place.file)).toMatchObject({
        entries: n + 1,
        checkpoints: n + 1,
        findings: [],
      })
    }
  })

  test('of many at once keeps their order and takes one commit', async () => {
    await using log = await openLog(place.file)
    const records = await Promise.all(Array.from({ length: 50 }, (_, n) => log.append(entry(n))))
    expect(records.map(({ seq, entry: { n } }) => [seq, n])).toEqual(records.map((_, n) => [n, n]))
    expect(await verifyStore(place.file)).toMatchObject({ entries: 50, checkpoints: 1, findings: [] })
  })

  test('of an entry that is too large is refused, and the log is as it was', async () => {
    await using log = await openLog(place.file)
    await log.append(entry(0))
    const large = log.append({ kind: 'decision', why: 'x'.repeat(70_000) })
    await expect(large).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(await log.append(entry(1))).toMatchObject({ seq: 1 })
  })

  test('of what only the log itself may say is refused', async () => {
    await using log = await openLog(place.file)
    for (const kind of ['texts-dropped', 'began-anew'])
      await expect(log.append({ kind, through: 9 })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(log.checkpoint).toBeUndefined()
  })

  test('holds what the controller decided, and under which authority', async () => {
    const about = { at: 5, operation: 'apply', agent: agentId('executor-1'), change: changeId('c1') } as const
    const action = { kind: 'restart-daemon', node: nodeId('n1') } as const
    const refused = {
      ...about,
      action,
      reason: 'incident-1',
      allowed: false,
      code: 'ACTION_DENIED',
      why: 'no',
    } as const
    await using log = await openLog(place.file)
    await log.append(decisionEntry(refused, { token: ['a1', 'b2'], policies: ['quorum'] }))
    const { at: _, ...rest } = refused
    const wanted = { kind: 'decision', ...rest, node: 'n1', token: ['a1', 'b2'], policies: ['quorum'] }
    expect(recordsIn(place.file)[0]?.entry).toEqual(wanted)
  })

  test('whose commit fails rejects, nothing of it is there, and the next one is written', async () => {
    await using log = await openLog(place.file)
    await log.append(entry(0))
    const other = new DatabaseSync(place.file)
    other.exec("CREATE TRIGGER fail AFTER INSERT ON checkpoint BEGIN SELECT json('{'); END")
    await expect(log.append(entry(1))).rejects.toThrow(/malformed JSON/)
    expect(recordsIn(place.file)).toHaveLength(1)
    other.exec('DROP TRIGGER fail')
    other.close()
    expect(await log.append(entry(2))).toMatchObject({ seq: 1 })
    expect(await verifyStore(place.file)).toMatchObject({ entries: 2, findings: [] })
  })

  test('after close is refused; close waits for what was appended before', async () => {
    const log = await openLog(place.file)
    const written = log.append(entry(0))
    const closing = log.close()
    expect(log.close()).toBe(closing)
    await expect(log.append(entry(1))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(await written).toMatchObject({ seq: 0 })
  })
})

describe('a log that is opened again', () => {
  test('goes on where it was, as the same log', async () => {
    await fill(place.file, 5)
    const before = head((await openLog(place.file)).checkpoint)
    await using log = await openLog(place.file)
    expect(await log.append(entry(5))).toMatchObject({ seq: 5 })
    const { proof, checkpoint } = await log.proveConsistency(before.size)
    const after = head(checkpoint)
    expect(after).toMatchObject({ origin: before.origin, size: 6 })
    expect(verifyConsistency(before, after, proof)).toBe(true)
  })

  test('by another key is refused: its end is not signed by it', async () => {
    await fill(place.file, 2)
    const other = NoteSigner.generate('example.org/audit')
    await expect(openLog(place.file, { signer: other })).rejects.toMatchObject(TAMPERED)
  })

  test.each([
    ['its last entries have gone', ['DELETE FROM entry WHERE seq >= 3']],
    ['an entry was added without a signature', ["INSERT INTO entry VALUES (5, zeroblob(32), '{}')"]],
    ['its newest checkpoint has gone', ['DELETE FROM checkpoint WHERE last = 4']],
    [
      'its newest checkpoint was replaced',
      ['UPDATE checkpoint SET note = (SELECT note FROM checkpoint) WHERE last = 4'],
    ],
    ['the edge of its tree was changed', ['UPDATE checkpoint SET edge = zeroblob(64) WHERE last = 4']],
    ['the edge of its tree is none', ['UPDATE checkpoint SET edge = zeroblob(32) WHERE last = 4']],
  ] as const)('is refused where %s', async (_, [sql]) => {
    await fill(place.file, 5)
    tamper(place.file, [sql])
    await expect(openLog(place.file)).rejects.toMatchObject(TAMPERED)
  })

  test('is a new one where the file was damaged: the old file is set aside, and the first entry says so', async () => {
    writeFileSync(place.file, 'rubbish')
    await using log = await openLog(place.file)
    const movedTo = log.damage?.movedTo ?? ''
    expect(readFileSync(movedTo, 'utf8')).toBe('rubbish')
    expect(recordsIn(place.file)).toMatchObject([{ entry: { kind: 'began-anew', movedTo } }])
  })
})

describe('several who append to one log', () => {
  test('have one order, and each goes on from what the others wrote', async () => {
    const logs = await Promise.all([1, 2, 3].map(() => openLog(place.file)))
    const appended = logs.flatMap((log, who) =>
      Array.from({ length: 20 }, async (_, n) => log.append({ kind: 'decision', who, n })),
    )
    const places = (await Promise.all(appended)).map(({ seq }) => seq)
    expect(places.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, n) => n))
    for (const log of logs) await log.append({ kind: 'decision' })
    await Promise.all(logs.map((log) => log.close()))
    expect(await verifyStore(place.file)).toMatchObject({ entries: 63, findings: [] })
  })

  test.each([
    ['changed what is behind', /not what was signed/, ['UPDATE entry SET hash = zeroblob(32) WHERE seq = 3']],
    [
      'took entries away',
      /1 to 1 have gone/,
      ['DELETE FROM entry WHERE seq > 0', 'DELETE FROM checkpoint WHERE last > 0'],
    ],
    ['took everything away', /all 2 entries have gone/, ['DELETE FROM entry', 'DELETE FROM checkpoint']],
    [
      'added entries without a signature',
      /5 entries, and 4/,
      ["INSERT INTO entry VALUES (4, zeroblob(32), '{}')"],
    ],
  ] as const)('find out when somebody %s, and then write nothing', async (_, message, statements) => {
    await using log = await openLog(place.file)
    await log.append(entry(0))
    await log.append(entry(1))
    await fill(place.file, 2)
    tamper(place.file, ...statements.map((sql) => [sql] as const))
    const before = [...readStore(place.file)]
    await expect(log.append(entry(9))).rejects.toMatchObject({
      ...TAMPERED,
      message: expect.stringMatching(message),
    })
    await expect(log.append(entry(9))).rejects.toMatchObject(TAMPERED)
    expect([...readStore(place.file)]).toEqual(before)
  })
})

describe('proofs', () => {
  test('of every entry, from the newest checkpoint', async () => {
    await using log = await openLog(place.file)
    await expect(log.proveInclusion(0)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    for (let n = 0; n < 7; n++) await log.append(entry(n))
    const texts = [...readStore(place.file)].flatMap((one) => (one.kind === 'entry' ? [one.text ?? ''] : []))
    for (const [index, text] of texts.entries()) {
      const { proof, checkpoint } = await log.proveInclusion(index)
      expect(verifyInclusion({ ...head(checkpoint), index }, leafHash(text), proof)).toBe(true)
    }
  })

  test('tell two logs with the same beginning apart: a split view', async () => {
    await fill(place.file, 4)
    const twin = `${place.file}.twin`
    const database = new DatabaseSync(place.file)
    database.prepare('VACUUM INTO ?').run(twin)
    database.close()
    await using log = await openLog(place.file)
    await using other = await openLog(twin)
    const common = head(log.checkpoint)
    await log.append(entry(4))
    await other.append(entry(40))
    const shown = head(log.checkpoint)
    await log.append(entry(5))
    await other.append(entry(5))
    const accepts = async (older: typeof shown, of: typeof log) => {
      const { proof, checkpoint } = await of.proveConsistency(older.size)
      return verifyConsistency(older, head(checkpoint), proof)
    }
    expect([await accepts(common, log), await accepts(common, other)]).toEqual([true, true])
    expect([await accepts(shown, log), await accepts(shown, other)]).toEqual([true, false])
  })
})

describe('retention', () => {
  test('drops old texts, keeps their hashes, and says so in the log', async () => {
    const clock = new VirtualClock({ startAt: 0 })
    const first = await openLog(place.file, { clock })
    for (let n = 0; n < 4; n++) {
      await first.append(entry(n))
      await clock.advance(1000)
    }
    const before = head(first.checkpoint)
    await first.close()
    await using log = await openLog(place.file, { clock, keepMs: 2500 })
    expect(recordsIn(place.file).map(({ seq, entry: { kind } }) => [seq, kind])).toEqual([
      [2, 'decision'],
      [3, 'decision'],
      [4, 'texts-dropped'],
    ])
    expect(await verifyStore(place.file)).toMatchObject({ entries: 5, dropped: 2, findings: [] })
    const { proof, checkpoint } = await log.proveConsistency(before.size)
    expect(verifyConsistency(before, head(checkpoint), proof)).toBe(true)
  })

  test('again and again leaves a log that is sound', async () => {
    const clock = new VirtualClock({ startAt: 0 })
    for (let n = 0; n < 5; n++) {
      await using log = await openLog(place.file, { clock, keepMs: 1500 })
      await log.append(entry(n))
      await clock.advance(1000)
    }
    const report = await verifyStore(place.file)
    expect(report.findings).toEqual([])
    expect(report.dropped).toBeGreaterThan(3)
  })

  test('leaves what cannot be read where it is', async () => {
    await fill(place.file, 3)
    tamper(place.file, ["UPDATE entry SET text = 'rubbish' WHERE seq = 1"])
    await (await openLog(place.file, { clock: new VirtualClock({ startAt: Date.UTC(2100, 0, 1) }) })).close()
    const report = await verifyStore(place.file)
    expect(report).toMatchObject({ dropped: 1, findings: [{ from: 1, to: 1 }] })
  })

  test('drops nothing that is young', async () => {
    await fill(place.file, 3)
    await (await openLog(place.file)).close()
    expect(await verifyStore(place.file)).toMatchObject({ entries: 3, dropped: 0 })
  })
})

test('a virtual clock stands still until the entry is durable', async () => {
  const clock = new VirtualClock()
  await clock.runUntil(
    (async () => {
      await using log = await openLog(place.file, { clock })
      await log.append(entry(0))
      expect(clock.now()).toBe(new VirtualClock().now())
    })(),
  )
  expect(recordsIn(place.file)).toHaveLength(1)
})
