// The rule: what no policy permits is denied, a forbid wins over whatever permits, and a broken file changes nothing.
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { agentId, EVIDENCE_CHANNELS, nodeId, sequentialIds } from '../../../src/core/index.ts'
import { ACTION_KINDS, kindTier } from '../../../src/mesh/index.ts'
import {
  DEFAULT_POLICY,
  PolicyManager,
  type PolicyReload,
  type PolicyRequest,
} from '../../../src/security/index.ts'

const ids = sequentialIds('policy-test')
const NOON = Date.UTC(2026, 10, 28, 12)
let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-policy-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function write(text: string, name = 'mesh.cedar'): string {
  const file = join(directory, name)
  writeFileSync(file, text)
  return file
}

const open = (...paths: readonly string[]) =>
  PolicyManager.open({ ids }, { paths: paths.length > 0 ? paths : [directory] })

function request(part: Partial<PolicyRequest> = {}): PolicyRequest {
  return {
    agent: { id: agentId('executor-1'), groups: ['executor'] },
    node: { id: nodeId('n1'), regions: ['roofs'] },
    asks: { operation: 'apply', action: 'restart-daemon' },
    mode: 'heal',
    tier: 0,
    at: NOON,
    epoch: 7,
    approvals: [],
    evidence: [],
    nodesWritten: 1,
    nodesAllowed: 50,
    meshNodes: 1000,
    ...part,
  }
}

const mint = (lifetimeMs: number, part: Partial<PolicyRequest> = {}) =>
  request({ asks: { operation: 'mint', lifetimeMs }, ...part })

describe('a policy can speak of', () => {
  test.each([
    ['principal == Agent::"executor-1"', {}],
    ['principal in Group::"executor"', {}],
    ['resource == Node::"n1"', {}],
    ['resource in Region::"roofs"', {}],
    ['action == Action::"restart-daemon"', {}],
    ['action in Action::"change"', {}],
    ['context.operation == "apply"', {}],
    ['context.mode == "heal"', {}],
    ['context.tier == 2', { tier: 2 }],
    ['context.epoch >= 7', {}],
    ['context.time.toTime() == duration("12h")', {}],
    ['context.time < datetime("2026-11-28T12:00:01Z")', {}],
    ['context.approvals.containsAll([Person::"ann", Person::"bob"])', { approvals: ['bob', 'ann'] }],
    ['context.evidence.contains("document")', { evidence: ['model', 'document'] }],
    ['!context.evidence.isEmpty()', { evidence: ['agent'] }],
    ['context.approvalCount == 2', { approvals: ['ann', 'bob', 'ann'] }],
    ['context.nodesWritten * 20 > context.meshNodes', { nodesWritten: 51 }],
    [
      'action == Action::"mint" && context has lifetime && context.lifetime <= duration("1h")',
      mint(3_600_000),
    ],
  ] as const)('%s', async (condition, part) => {
    write(`@id("one") permit (principal, action, resource) when { ${condition} };`)
    const manager = await open()
    expect(manager.decide(request(part))).toMatchObject({ allowed: true, policies: [{ id: 'one' }] })
    write(`@id("one") permit (principal, action, resource) unless { ${condition} };`)
    expect(manager.reload()).toEqual({ changed: true, problems: [] })
    expect(manager.decide(request(part))).toEqual({
      allowed: false,
      policies: [],
      why: 'No policy permits it.',
    })
  })
})

test('every action of the mesh is in the schema, and every request that can be made is valid', async () => {
  write('permit (principal, action, resource);')
  const manager = await open()
  for (const action of ACTION_KINDS) {
    for (const operation of ['apply', 'confirm', 'rollback'] as const) {
      const verdicts = manager.explain(request({ asks: { operation, action }, approvals: ['ann'] }))
      expect(verdicts).toMatchObject([{ applies: true, error: undefined }])
    }
  }
  expect(manager.explain(mint(1))).toMatchObject([{ applies: true }])
})

test('a forbid that applies wins, whatever permits there are and in whatever order', async () => {
  const manager = await open(write('permit (principal, action, resource);'))
  const conditions = ['context.mode == "heal"', 'context.tier <= 2', 'principal in Group::"executor"', 'true']
  const permit = fc.constantFrom(
    ...conditions.map((when) => `permit (principal, action, resource) when { ${when} };`),
  )
  const forbid = fc.constantFrom(
    ...conditions.map((when) => `@id("no") forbid (principal, action, resource) when { ${when} };`),
  )
  const policy = fc.tuple(fc.array(permit, { maxLength: 12 }), forbid, fc.nat())
  fc.assert(
    fc.property(policy, ([permits, no, place]) => {
      write(permits.toSpliced(place % (permits.length + 1), 0, no).join('\n'))
      expect(manager.reload().problems).toEqual([])
      expect(manager.decide(request())).toMatchObject({ allowed: false, policies: [{ id: 'no' }] })
    }),
  )
})

test('a policy that cannot be evaluated denies, though others permit', async () => {
  write(`permit (principal, action, resource);
    @id("overflow") forbid (principal, action, resource) when { context.tier + 9223372036854775807 > 0 };`)
  const manager = await open()
  expect(manager.decide(request({ tier: 0 })).policies).toMatchObject([{ id: 'overflow' }])
  const failed = manager.decide(request({ tier: 2 }))
  expect(failed).toMatchObject({ allowed: false, policies: [{ id: 'overflow' }] })
  expect(failed.why).toContain('overflow')
  expect(manager.explain(request({ tier: 2 }))[1]?.error).toContain('overflow')
})

test('a request that is none is denied, and the next one is decided', async () => {
  write('permit (principal, action, resource);')
  const manager = await open()
  for (const odd of [
    { at: Number.NaN },
    { at: 8.64e15 },
    { nodesWritten: 1.5 },
    { epoch: Number.POSITIVE_INFINITY },
    { agent: { id: agentId('\ud800'), groups: [] } },
    mint(Number.POSITIVE_INFINITY),
  ]) {
    const decision = manager.decide(request(odd))
    expect(decision).toMatchObject({ allowed: false, why: expect.stringContaining('Cedar cannot decide') })
  }
  expect(manager.decide(request()).allowed).toBe(true)
})

test('a decision names the policies that made it, in their own words', async () => {
  const file = write(`permit (principal, action, resource);

@why("Not on the roofs.")
forbid (principal, action, resource in Region::"roofs");`)
  const manager = await open()
  expect(manager.decide(request())).toMatchObject({
    allowed: false,
    policies: [{ id: `${file}:3`, effect: 'forbid', line: 3, annotations: { why: 'Not on the roofs.' } }],
    why: 'Not on the roofs.',
  })
  const elsewhere = request({ node: { id: nodeId('n1'), regions: [] } })
  expect(manager.decide(elsewhere)).toMatchObject({ allowed: true, why: `Policy ${file}:1.` })
})

test('of several files all count', async () => {
  write('permit (principal, action, resource);', 'a.cedar')
  write('@id("b") forbid (principal, action, resource);', 'b.cedar')
  write('permit everything', 'notes.txt')
  expect((await open()).decide(request())).toMatchObject({ allowed: false, policies: [{ id: 'b' }] })
  expect((await open(join(directory, 'a.cedar'))).decide(request()).allowed).toBe(true)
})

describe('a file that is not sound', () => {
  const BROKEN = [
    [
      'permit (principal, action, resource)\nwhen { context.mood == "good" };',
      2,
      8,
      /attribute `mood`.*not found/,
    ],
    [
      'permit (principal, action, resource);\nforbid (principal action, resource);',
      2,
      19,
      /unexpected token/,
    ],
    ['// ä\n@why("ü") permit (principal, action == Action::"fly", resource);', 2, 40, /unrecognized action/],
    ['forbid (principal is Person, action, resource);', 1, 1, /impossible/],
    ['permit (principal == ?principal, action, resource);', 1, 1, /template/],
    [
      'permit (principal, action, resource) when { context.lifetime > duration("1h") };',
      1,
      undefined,
      /optional attribute/,
    ],
    [
      '@id("x") permit (principal, action, resource);\n@id("x") forbid (principal, action, resource);',
      2,
      1,
      /id x is taken/,
    ],
  ] as const

  test.each(BROKEN)(
    'is refused at the first start, with its place: %j',
    async (text, line, column, message) => {
      const file = write(text)
      const opening = open()
      await expect(opening).rejects.toMatchObject({
        code: 'INVALID_CONFIGURATION',
        message: expect.stringContaining(`${file}:${line}:${column ?? ''}`),
        details: {
          problems: [expect.objectContaining({ file, line, message: expect.stringMatching(message) })],
        },
      })
    },
  )

  test.each(BROKEN)('later leaves the last good policy in force, and is told: %j', async (text, line) => {
    write('@id("good") forbid (principal, action, resource);')
    const manager = await open()
    const file = write(text)
    expect(manager.reload()).toMatchObject({ changed: false, problems: [{ file, line }] })
    expect(manager.decide(request())).toMatchObject({ allowed: false, policies: [{ id: 'good' }] })
    expect(manager.policies).toMatchObject([{ id: 'good' }])
    write('permit (principal, action, resource);')
    expect(manager.reload()).toEqual({ changed: true, problems: [] })
    expect(manager.decide(request()).allowed).toBe(true)
  })

  test('makes those beside it wait: all together are one policy', async () => {
    write('permit (principal, action, resource);', 'a.cedar')
    const manager = await open()
    write('forbid (principal, action, resource);', 'b.cedar')
    write('rubbish', 'c.cedar')
    expect(manager.reload().problems).toHaveLength(1)
    expect(manager.decide(request()).allowed).toBe(true)
  })

  test('is none at all where there is no file, and a policy whose files go away stays', async () => {
    await expect(open()).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' })
    await expect(open(join(directory, 'none.cedar'))).rejects.toMatchObject({ code: 'INVALID_CONFIGURATION' })
    const file = write('@id("good") forbid (principal, action, resource);')
    const manager = await open()
    rmSync(file)
    expect(manager.reload()).toMatchObject({ changed: false, problems: [{ file: directory }] })
    expect(manager.policies).toHaveLength(1)
  })
})

test('the policies in the documents are sound', async () => {
  const guide = readFileSync(new URL('../../../docs/GUIDE.md', import.meta.url), 'utf8')
  const examples = [...guide.matchAll(/^```cedar\n(.*?)^```/gms)].map(([, text = '']) => text)
  expect(examples.length).toBeGreaterThan(0)
  for (const [index, text] of examples.entries()) write(text, `${index}.cedar`)
  expect((await open()).policies.length).toBeGreaterThan(0)
})

test('two managers in one process keep to their own policy', async () => {
  const strict = await open(write('forbid (principal, action, resource);', 'strict.cedar'))
  const lax = await open(write('permit (principal, action, resource);', 'lax.cedar'))
  expect([strict.decide(request()).allowed, lax.decide(request()).allowed]).toEqual([false, true])
})

test('a change of a file is seen, also when it was replaced, and a broken one is told once', async () => {
  const file = write('forbid (principal, action, resource);')
  const manager = await open(file)
  const heard: PolicyReload[] = []
  let wake = () => {}
  const next = () => new Promise<void>((resolve) => (wake = resolve))
  const cancel = manager.watch((reload) => {
    heard.push(reload)
    wake()
  })
  try {
    const replaced = next()
    renameSync(write('permit (principal, action, resource);', 'draft'), file)
    await replaced
    expect(manager.decide(request()).allowed).toBe(true)
    const broken = next()
    renameSync(write('rubbish', 'draft'), file)
    await broken
    const mended = next()
    write('another file', 'notes.txt')
    renameSync(write('forbid (principal, action, resource);', 'draft'), file)
    await mended
    expect(manager.decide(request()).allowed).toBe(false)
    expect(heard.map(({ changed, problems }) => [changed, problems.length])).toEqual([
      [true, 0],
      [false, 1],
      [true, 0],
    ])
  } finally {
    cancel()
  }
})

describe('the default policy', () => {
  const decide = async (part: Partial<PolicyRequest>) => {
    const { allowed, policies } = (await open(DEFAULT_POLICY)).decide(request(part))
    return [allowed, ...policies.map(({ id }) => id)]
  }
  const NIGHT = Date.UTC(2026, 10, 28, 3)

  test('lets agents repair up to tier 2, in mode heal only', async () => {
    for (const action of ACTION_KINDS) {
      const asks = { operation: 'apply', action } as const
      expect(await decide({ asks, tier: kindTier(action) })).toEqual([true, 'repair'])
      expect(await decide({ asks, tier: kindTier(action), mode: 'advise' })).toEqual([false])
    }
  })

  test('wants two persons for tier 3, and the night or a third', async () => {
    const two = ['ann', 'bob']
    expect(await decide({ tier: 3, at: NIGHT })).toEqual([false])
    expect(await decide({ tier: 3, at: NIGHT, approvals: ['ann', 'ann'] })).toEqual([false])
    expect(await decide({ tier: 3, at: NIGHT, approvals: two })).toEqual([true, 'dangerous-with-two'])
    expect(await decide({ tier: 3, approvals: two })).toEqual([false, 'dangerous-at-night'])
    expect(await decide({ tier: 3, approvals: [...two, 'eve'] })).toEqual([true, 'dangerous-with-two'])
  })

  test('bounds the blast radius, and never stops an undo', async () => {
    expect(await decide({ nodesWritten: 50 })).toEqual([true, 'repair'])
    expect(await decide({ nodesWritten: 51 })).toEqual([false, 'blast-radius'])
    expect(await decide({ nodesWritten: 6, nodesAllowed: 6 })).toEqual([true, 'repair'])
    const asks = { operation: 'rollback', action: 'restart-daemon' } as const
    expect(await decide({ nodesWritten: 51, asks })).toEqual([true, 'repair'])
  })

  test('lets a text restore what is configured, and wants a person for all else that it asks for', async () => {
    for (const channel of EVIDENCE_CHANNELS) {
      const evidence = [channel]
      expect(await decide({ evidence })).toEqual([true, 'repair'])
      for (const tier of [1, 2] as const) {
        expect(await decide({ evidence, tier })).toEqual([false, 'evidence'])
        expect(await decide({ evidence, tier, approvals: ['ann'] })).toEqual([true, 'repair'])
      }
      const executor = { id: agentId('executor-1'), groups: ['executor'] }
      expect(await decide(mint(1, { evidence, agent: executor }))).toEqual([false, 'evidence'])
      for (const operation of ['confirm', 'rollback'] as const) {
        const asks = { operation, action: 'drop-interface' } as const
        expect(await decide({ evidence, tier: 2, asks })).toEqual([true, 'repair'])
      }
    }
  })

  test('gives capabilities to executors, for a day, and dangerous ones for an hour with two persons', async () => {
    const hour = 3_600_000
    const two = { approvals: ['ann', 'bob'], tier: 3 } as const
    expect(await decide(mint(24 * hour))).toEqual([true, 'capabilities'])
    expect(await decide(mint(24 * hour + 1))).toEqual([false])
    expect(await decide(mint(hour, { agent: { id: agentId('m'), groups: ['monitor'] } }))).toEqual([false])
    expect(await decide(mint(hour, { tier: 3 }))).toEqual([false])
    expect(await decide(mint(hour, two))).toEqual([true, 'dangerous-capabilities'])
    expect(await decide(mint(hour + 1, two))).toEqual([false])
  })
})
