// The rule: a person sees what was decided, can take it elsewhere, and hears whether anything in it was changed.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { openAudit } from '../../src/cli/audit/files.ts'
import { agentId, entropySeed, nodeId, randomIds, seededRandom, VirtualClock } from '../../src/core/index.ts'
import type { AuditEntry } from '../../src/security/index.ts'
import { inDirectory, tamper } from '../security/audit/log-fixture.ts'
import { meshswarm as program } from './harness.ts'

const place = inDirectory()
const START = Date.UTC(2026, 10, 28)
const ids = randomIds(seededRandom(entropySeed()))

function decision(agent: string, node: string, allowed: boolean): AuditEntry {
  const asked = { operation: 'apply', action: { kind: 'restart-daemon', node }, reason: 'incident-1' }
  const why = allowed ? {} : { code: 'ACTION_DENIED', why: 'no grant\u001b[31m' }
  return { kind: 'decision', agent: agentId(agent), node: nodeId(node), allowed, ...asked, ...why }
}

beforeEach(async () => {
  const clock = new VirtualClock({ startAt: START })
  await using log = await openAudit({ clock, ids }, place.file)
  for (const [agent, node, allowed] of [
    ['ann', 'n1', true],
    ['bob', 'n1', false],
    ['ann', 'n2', false],
    ['bob', 'n3', true],
  ] as const) {
    await log.append(decision(agent, node, allowed))
    await clock.advance(60_000)
  }
})

const audit = (...argv: readonly string[]) => program(['audit', ...argv])
const show = (...argv: readonly string[]) => audit('show', '--store', place.file, ...argv)
const here = (name: string) => join(place.directory, name)

describe('show', () => {
  test('says in a line each what was decided, without what steers a terminal', async () => {
    const { code, out } = await show()
    expect(code).toBe(0)
    expect(out.split('\n').slice(0, 2)).toEqual([
      '0  2026-11-28T00:00:00.000Z  allowed  ann  n1  apply restart-daemon  incident-1',
      '1  2026-11-28T00:01:00.000Z  denied   bob  n1  apply restart-daemon  incident-1; no grant\ufffd[31m',
    ])
  })

  test.each([
    [
      ['--agent', 'ann'],
      [0, 2],
    ],
    [
      ['--node', 'n1'],
      [0, 1],
    ],
    [['--allowed'], [0, 3]],
    [['--denied', '--agent', 'bob'], [1]],
    [
      ['--since', '2026-11-28T00:01Z', '--until', '2026-11-28T00:03:00Z'],
      [1, 2],
    ],
  ])('%j', async (flags, wanted) => {
    const { out } = await show('--json', ...flags)
    const seqs = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).seq)
    expect(seqs).toEqual(wanted)
  })

  test('refuses what makes no sense', async () => {
    expect((await show('--allowed', '--denied')).err).toContain('allowed or denied, not both')
    expect((await show('--since', 'yesterday')).err).toContain('Not a time')
    expect((await audit('show', '--store', here('none.db'))).err).toContain('There is no file')
  })
})

describe('verify', () => {
  test('of a log that nobody has changed says so, and names a weak key', async () => {
    const { code, out, err } = await audit('verify', place.file)
    expect([code, err]).toEqual([0, ''])
    expect(out).toMatch(
      /^sound: 4 entries below 4 checkpoints\nlog meshswarm\/audit-\w+\/log-\w+\nchecked with the key that/,
    )
  })

  test('of a log without entries says that as well', async () => {
    const file = here('empty.db')
    await (await openAudit({ clock: new VirtualClock(), ids }, file)).close()
    expect((await audit('verify', file)).out).toMatch(/^sound: no entries yet\n/)
    expect((await audit('checkpoint', '--store', file)).err).toContain('has no checkpoint yet')
  })

  test('with the public key from elsewhere, as text or in a file', async () => {
    const key = (await audit('key', '--store', place.file)).out.trimEnd()
    writeFileSync(here('audit.pub'), `${key}\n`)
    for (const given of [key, here('audit.pub')]) {
      const { code, out } = await audit('verify', place.file, '--key', given)
      expect([code, out.split('\n').length]).toEqual([0, 3])
    }
    expect((await audit('verify', place.file, '--key', 'x')).err).toContain('no public key')
  })

  test('says which entries are not what was signed, exit code 1', async () => {
    tamper(place.file, ["UPDATE entry SET text = replace(text, 'bob', 'ann') WHERE seq = 1"])
    const { code, out, err } = await audit('verify', place.file)
    expect([code, out]).toEqual([1, 'entry 1: altered: its text is not that of its hash\n'])
    expect(err).toMatch(/error AUDIT_TAMPERED: .*audit.db: 1 finding, the first about entry 1\./)
    const { findings } = JSON.parse((await audit('verify', place.file, '--json')).out)
    expect(findings).toEqual([{ from: 1, to: 1, what: 'altered: its text is not that of its hash' }])
  })

  test('is what show asks for where an entry cannot be read', async () => {
    tamper(place.file, ["UPDATE entry SET text = '{}' WHERE seq = 1"])
    const { code, err } = await show()
    expect([code, err]).toEqual([1, expect.stringContaining('AUDIT_TAMPERED: Entry 1 of the audit log')])
  })

  test('with a kept checkpoint says that the end was cut off', async () => {
    writeFileSync(here('kept'), (await audit('checkpoint', '--store', place.file)).out)
    tamper(place.file, ['DELETE FROM entry WHERE seq > 1'], ['DELETE FROM checkpoint WHERE last > 1'])
    expect((await audit('verify', place.file)).code).toBe(0)
    const { code, out } = await audit('verify', place.file, '--kept', here('kept'))
    expect([code, out]).toEqual([1, 'entries 2 to 3: cut off since the checkpoint was kept\n'])
  })

  test('changes nothing, not even a damaged file', async () => {
    const before = Buffer.concat([readFileSync(place.file).subarray(0, 5000), Buffer.alloc(3000, 7)])
    writeFileSync(place.file, before)
    const { code, out } = await audit('verify', place.file)
    expect([code, out]).toEqual([1, expect.stringContaining('unreadable from here on')])
    expect(readFileSync(place.file).equals(before)).toBe(true)
  })
})

describe('export', () => {
  const exported = (...argv: readonly string[]) =>
    audit('export', here('log.jsonl'), '--store', place.file, ...argv)
  const verify = async () => {
    const key = (await audit('key', '--store', place.file)).out.trimEnd()
    return audit('verify', here('log.jsonl'), '--key', key)
  }

  test('of the whole log is verified without it, a kept checkpoint included', async () => {
    expect((await exported()).out).toMatch(/audit.db -> .*log.jsonl: 4 entries\n$/)
    expect((await verify()).out).toMatch(/^sound: 4 entries below 4 checkpoints\n/)
    writeFileSync(here('kept'), (await audit('checkpoint', '--store', place.file)).out)
    const key = (await audit('key', '--store', place.file)).out.trimEnd()
    const { code } = await audit('verify', here('log.jsonl'), '--key', key, '--kept', here('kept'))
    expect(code).toBe(0)
  })

  test('of a part has proofs, and is verified as well', async () => {
    expect(JSON.parse((await exported('--denied', '--json')).out)).toMatchObject({ entries: 2, whole: false })
    expect((await verify()).out).toMatch(/^sound: 2 entries below 1 checkpoint\n/)
    const text = readFileSync(here('log.jsonl'), 'utf8')
    writeFileSync(here('log.jsonl'), text.replaceAll('\\"n2\\"', '\\"n9\\"'))
    expect((await verify()).out).toBe('entry 2: not what was signed\n')
  })

  test('needs the public key, and a place that can be written', async () => {
    await exported()
    expect((await audit('verify', here('log.jsonl'))).err).toContain('give --key')
    const { code, err } = await audit('export', here('no/such/place'), '--store', place.file)
    expect([code, err]).toEqual([2, expect.stringContaining('Cannot write')])
  })
})
