// The rule: the oracle tests what is asked for against what may be asked for, never how much; who is one by lineage is
// judged as one; and nobody is blamed for what cannot be proven.
import { beforeEach, describe, expect, it } from 'vitest'
import { agentId, incidentId, nodeId, seededRandom, sequentialIds } from '../../src/core/index.ts'
import {
  AntiMeaveOracle,
  type AuthorityDecision,
  DEFAULT_ORACLE_OPTIONS,
  type OracleOptions,
  type Verdict,
} from '../../src/security/index.ts'

let oracle: AntiMeaveOracle
let verdicts: Verdict[]
let now: number
/** So many refusals in a row are enough, and fewer while there is an alert. */
const ENOUGH = 7
const ENOUGH_IN_ALERT = 5

beforeEach(() => setUp())

function setUp(options: OracleOptions = {}): void {
  verdicts = []
  now = 0
  oracle = new AntiMeaveOracle({ ids: sequentialIds(), onVerdict: (one) => verdicts.push(one) }, options)
}

interface Asked extends Partial<Omit<AuthorityDecision, 'agent' | 'node'>> {
  readonly after?: number
}

/** One decision about the agent, a second after the last one, allowed unless a reason says otherwise. */
function decide(agent: string, node: number, { after = 1000, reason = 'allowed', ...asked }: Asked = {}) {
  now += after
  return oracle.observe({
    at: now,
    agent: agentId(agent),
    lineage: ['root', `t-${agent}`],
    operation: 'read',
    action: 'inspect',
    node: nodeId(`n${node}`),
    allowed: reason === 'allowed',
    reason,
    ...asked,
  })
}

const isSuspended = (agent: string, lineage = ['root', `t-${agent}`]) =>
  oracle.suspendedBy(agentId(agent), lineage) !== undefined

/** Decisions until the first verdict. */
function untilVerdict(most: number, one: (index: number) => unknown): number {
  for (let i = 1; i <= most; i++) {
    one(i)
    if (verdicts.length > 0) return i
  }
  return Number.POSITIVE_INFINITY
}

describe('an agent that asks for what it may not', () => {
  it('is suspended, with the figures, and with it what comes from its token', () => {
    decide('a', 1)
    const onset = now + 1000
    const tries = untilVerdict(20, (i) => decide('a', 100 + i, { reason: 'out-of-scope' }))
    expect(tries).toBe(ENOUGH)
    expect(verdicts).toEqual([
      {
        id: 'incident-1',
        title: 'agent a asks for what no capability of it covers',
        subject: 'agent a',
        suspends: 'agent',
        suspended: ['agent a', 'token t-a'],
        test: 'out-of-scope',
        agents: ['a'],
        openedAt: now,
        onset,
        evidence: [{ text: expect.stringContaining('7 of 7 different nodes'), weight: expect.any(Number) }],
        figures: { since: onset, successes: 7, trials: 7, evidence: 7 * Math.log(15), threshold: 18 },
      },
    ])
    expect(oracle.verdicts).toEqual(verdicts)
    expect(isSuspended('a')).toBe(true)
    expect(isSuspended('sub', ['root', 't-a', 't-sub'])).toBe(true)
    expect(isSuspended('b')).toBe(false)
  })

  it('is not made worse by the same node again, nor better by looking at the same nodes again', () => {
    for (let i = 0; i < 500; i++) decide('a', 1, { reason: 'out-of-scope', after: 10 })
    expect(verdicts).toEqual([])
    // Thousands of harmless looks in between: the same hundred nodes.
    const tries = untilVerdict(10, (i) => {
      for (let look = 0; look < 1000; look++) decide('a', look % 10, { after: 1 })
      decide('a', 100 + i, { reason: 'out-of-scope' })
    })
    expect(tries).toBeLessThanOrEqual(9)
  })

  it('has a bound: three nodes in a row are a mistake', () => {
    for (let day = 0; day < 20; day++) {
      for (let i = 0; i < 3; i++) decide('a', 1000 + 3 * day + i, { reason: 'out-of-scope' })
      for (let look = 0; look < 100; look++) decide('a', look, { after: 30_000 })
    }
    expect(verdicts).toEqual([])
  })
})

describe('how much is done', () => {
  it.each([1, 4, 40])('makes no difference: %i times as much of the same', (factor) => {
    const random = seededRandom('volume')
    for (let i = 0; i < 20_000 * Math.min(factor, 4); i++) {
      const agent = `a${random.int(10)}`
      const isMistake = random.chance(0.005)
      const node = isMistake ? 1000 + random.int(1000) : random.int(200)
      decide(agent, node, { after: 400 / factor, reason: isMistake ? 'out-of-scope' : 'allowed' })
      if (!isMistake && random.chance(0.05)) decide(agent, node, { after: 0, operation: 'write' })
    }
    expect(verdicts).toEqual([])
  })
})

describe('agents that are one', () => {
  const under = (agent: string) => ({ lineage: ['root', 't-parent', `t-${agent}`] })

  it('are seen as one: an agent that comes back under new names takes its token down', () => {
    setUp({ neverSuspend: ['root'] })
    const tries = untilVerdict(60, (i) => {
      const name = `new-${Math.ceil(i / 2)}`
      decide(name, 100 + i, { ...under(name), reason: 'out-of-scope' })
    })
    expect(tries).toBe(12)
    expect(verdicts[0]).toMatchObject({ subject: 'token t-parent', suspends: 'lineage' })
    expect(isSuspended('the next', ['root', 't-parent', 't-the next'])).toBe(true)
    expect(isSuspended('b')).toBe(false)
  })

  it('as long as they are most of those under a token: one rogue does not take its team down', () => {
    for (let i = 1; i <= 9; i++) for (let n = 0; n < 5; n++) decide(`honest-${i}`, n, under(`honest-${i}`))
    for (let i = 0; i < 30; i++) decide('rogue', 100 + i, { ...under('rogue'), reason: 'out-of-scope' })
    expect(verdicts.map(({ subject, suspends }) => [subject, suspends])).toEqual([['agent rogue', 'agent']])
    expect(isSuspended('honest-1', ['root', 't-parent', 't-honest-1'])).toBe(false)
  })

  it('and where others act under the token as well, they are an alarm: nobody is suspended for others', () => {
    setUp({ evidence: 1000 })
    for (let i = 0; i < 6; i++) decide(`honest-${i}`, i, under(`honest-${i}`))
    untilVerdict(30, (i) =>
      decide(`bad-${i % 4}`, 100 + i, { ...under(`bad-${i % 4}`), reason: 'out-of-scope' }),
    )
    expect(verdicts[0]).toMatchObject({ subject: 'token t-parent', suspends: 'nobody', suspended: [] })
    expect(verdicts[0]?.agents.toSorted()).toEqual(['bad-0', 'bad-1', 'bad-2', 'bad-3'])
    expect(isSuspended('honest-0', ['root', 't-parent', 't-honest-0'])).toBe(false)
  })

  it('that overstep at the same time raise an alarm at what they share, however few each does', () => {
    setUp({ neverSuspend: ['root'] })
    for (let i = 0; i < 30; i++) decide(`a${i}`, i)
    untilVerdict(30, (i) => decide(`a${i}`, 100 + i, { reason: 'out-of-scope', after: 50 }))
    expect(verdicts).toHaveLength(1)
    expect(verdicts[0]).toMatchObject({ subject: 'token root', suspends: 'nobody' })
    expect(verdicts[0]?.agents.length).toBeGreaterThan(3)
    expect(isSuspended('a1')).toBe(false)
  })

  it('are judged on less while an attack is under way, and not for ever', () => {
    const tries = (agent: string) => {
      verdicts = []
      return untilVerdict(20, (i) => decide(agent, 100 + i, { reason: 'out-of-scope', after: 60_000 }))
    }
    expect(['a', 'b', 'c'].map(tries)).toEqual([ENOUGH, ENOUGH, ENOUGH])
    expect(tries('d')).toBe(ENOUGH_IN_ALERT)
    now += DEFAULT_ORACLE_OPTIONS.alertMs
    expect(tries('e')).toBe(ENOUGH)
  })

  it('are not one alone: what a single agent does is no case against its token', () => {
    setUp({ evidence: 1000 })
    for (let i = 0; i < 200; i++) decide('rogue', 100 + i, { ...under('rogue'), reason: 'out-of-scope' })
    expect(verdicts).toEqual([])
  })

  it('are an alarm and no suspension under a token that only a person suspends', () => {
    setUp({ neverSuspend: ['root', 't-parent'] })
    untilVerdict(60, (i) => decide(`new-${i}`, 100 + i, { ...under(`new-${i}`), reason: 'out-of-scope' }))
    expect(verdicts[0]).toMatchObject({ subject: 'token t-parent', suspends: 'nobody', suspended: [] })
    expect(isSuspended('new-1', ['root', 't-parent', 't-new-1'])).toBe(false)
  })

  it('go by the outermost token that they share: it may have made more than one', () => {
    setUp({ neverSuspend: ['root'] })
    const lineage = (agent: string) => ['root', 't-holder', 't-one-of-its-tokens', `t-${agent}`]
    untilVerdict(60, (i) => {
      const name = `new-${Math.ceil(i / 3)}`
      decide(name, 100 + i, { lineage: lineage(name), reason: 'out-of-scope' })
    })
    expect(verdicts[0]).toMatchObject({ suspends: 'lineage', suspended: ['token t-holder'] })
    expect(isSuspended('x', ['root', 't-holder', 't-another-of-its-tokens', 't-x'])).toBe(true)
  })

  it('are one alarm an hour, not one for each thing that they do', () => {
    setUp({ neverSuspend: ['root', 't-parent'], evidence: 1000 })
    const minute = 60_000
    for (let i = 0; i < 170; i++)
      decide(`new-${i}`, i, { ...under(`new-${i}`), reason: 'out-of-scope', after: minute })
    const [first, ...later] = verdicts.filter(({ subject }) => subject === 'token t-parent')
    expect(later.length).toBeGreaterThan(0)
    let last = first?.openedAt ?? Number.NaN
    for (const { openedAt } of later) {
      expect(openedAt - last).toBeGreaterThanOrEqual(DEFAULT_ORACLE_OPTIONS.alertMs)
      last = openedAt
    }
  })

  it('are no alert when they were found hours apart', () => {
    setUp({ lineageEvidence: 1000 })
    const hours = [0, 2, 4, 6, 6.1].map((hour) => hour * 3_600_000)
    const tries = hours.map((at, index) => {
      now = at
      verdicts = []
      return untilVerdict(20, (i) => decide(`a${index}`, 100 + i, { reason: 'out-of-scope' }))
    })
    expect(tries).toEqual(hours.map(() => ENOUGH))
    // The third within an hour.
    now += 60_000
    verdicts = []
    expect(untilVerdict(20, (i) => decide('b', 100 + i, { reason: 'out-of-scope' }))).toBe(ENOUGH)
    verdicts = []
    expect(untilVerdict(20, (i) => decide('c', 100 + i, { reason: 'out-of-scope' }))).toBe(ENOUGH_IN_ALERT)
  })

  it('are not suspected of anything when many begin after one refusal', () => {
    decide('clumsy', 1, { ...under('clumsy'), reason: 'out-of-scope' })
    for (let i = 0; i < 60; i++) decide(`new-${i}`, i, { ...under(`new-${i}`), after: 10 })
    expect(verdicts).toEqual([])
  })

  it('a token that makes agents one after the other, each after a refusal, is found by that alone', () => {
    setUp({ neverSuspend: ['root'] })
    untilVerdict(60, (i) => decide(`new-${i}`, 7, { ...under(`new-${i}`), reason: 'out-of-scope' }))
    // Always the same node, which counts once: the names alone are new.
    expect(verdicts[0]).toMatchObject({ subject: 'token t-parent', test: 'churn', suspends: 'lineage' })
  })
})

it('an agent that wants more than its own budget is suspended; for the budgets of others nobody is', () => {
  for (let i = 0; i < 100; i++) decide('b', i, { operation: 'write', reason: 'other' })
  expect(verdicts).toEqual([])
  const tries = untilVerdict(20, (i) => decide('a', i, { operation: 'write', reason: 'own-budget' }))
  expect(tries).toBe(5)
  expect(verdicts[0]).toMatchObject({ subject: 'agent a', test: 'own-budget' })
})

it('an agent that writes nodes it never looked at is suspended; one that looks first is not', () => {
  for (let i = 0; i < 100; i++) {
    decide('careful', i)
    decide('careful', i, { operation: 'write' })
  }
  expect(verdicts).toEqual([])
  untilVerdict(30, (i) => decide('a', i, { operation: 'write' }))
  expect(verdicts[0]).toMatchObject({ subject: 'agent a', test: 'fan-out' })
})

it('a stolen token is an alarm, and its holder is never suspended for it', () => {
  for (let i = 0; i < 1000; i++) decide('a', i % 50, { reason: i % 3 === 0 ? 'unproven' : 'allowed' })
  expect(verdicts).toHaveLength(1)
  expect(verdicts[0]).toMatchObject({
    subject: 'token t-a',
    test: 'theft',
    suspends: 'nobody',
    agents: ['a'],
  })
  expect(isSuspended('a')).toBe(false)
})

it('a signature that is refused now and then is a clock that is off', () => {
  for (let i = 0; i < 5000; i++) decide('a', i % 50, { reason: i % 100 === 0 ? 'unproven' : 'allowed' })
  expect(verdicts).toEqual([])
})

describe('a suspension', () => {
  const suspend = () => untilVerdict(20, (i) => decide('a', 100 + i, { reason: 'out-of-scope' }))

  it('is kept, whatever comes after it, and lifted by somebody alone', () => {
    suspend()
    const [verdict] = verdicts
    now += 1e9
    for (let i = 0; i < 2000; i++) decide(`other-${i}`, i)
    expect(isSuspended('a')).toBe(true)
    const id = verdict?.id ?? incidentId('none')
    expect(() => oracle.lift(id, ' ')).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    expect(() => oracle.lift(incidentId('x'), 'Ada')).toThrow(
      expect.objectContaining({ code: 'INCIDENT_NOT_FOUND' }),
    )
    expect(isSuspended('a')).toBe(true)
    expect(oracle.lift(id, 'Ada')).toBe(verdict)
    expect(isSuspended('a')).toBe(false)
    expect(isSuspended('sub', ['root', 't-a', 't-sub'])).toBe(false)
  })

  it('outlives a restart, where the verdicts are given back', () => {
    suspend()
    oracle = new AntiMeaveOracle({ ids: sequentialIds(), onVerdict: () => {}, standing: verdicts })
    expect(isSuspended('a')).toBe(true)
    expect(isSuspended('sub', ['root', 't-a', 't-sub'])).toBe(true)
    oracle.lift(verdicts[0]?.id ?? incidentId('none'), 'Ada')
    expect(isSuspended('a')).toBe(false)
  })

  it('that was lifted needs new evidence to come again', () => {
    suspend()
    oracle.lift(verdicts[0]?.id ?? incidentId('none'), 'Ada')
    verdicts = []
    for (let i = 0; i < 20; i++) decide('a', 101 + (i % ENOUGH), { reason: 'out-of-scope' })
    expect(verdicts).toEqual([])
    expect(untilVerdict(20, (i) => decide('a', 500 + i, { reason: 'out-of-scope' }))).toBe(ENOUGH)
  })
})

it('forgets the longest unseen where its room is used up, and not who was suspended', () => {
  setUp({ maxSubjects: 3, neverSuspend: ['root'] })
  const refuse = (agent: string, node: number) =>
    decide(agent, node, { reason: 'out-of-scope', after: 60_000 })
  for (let i = 0; i < ENOUGH - 1; i++) refuse('a', i)
  for (const other of ['b', 'c', 'd']) refuse(other, 50)
  for (let i = 10; i < 10 + ENOUGH - 1; i++) refuse('a', i)
  expect(verdicts).toEqual([])
  refuse('a', 30)
  expect(isSuspended('a')).toBe(true)
  for (const other of ['b', 'c', 'd', 'e']) decide(other, 1)
  expect(isSuspended('a')).toBe(true)
})

it.each([{ evidence: 0 }, { maxSubjects: 0 }, { refusedMs: Number.NaN }])('refuses figures: %o', (options) =>
  expect(() => setUp(options)).toThrow(expect.objectContaining({ code: 'INVALID_CONFIGURATION' })),
)
