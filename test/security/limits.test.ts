// The rule: a token draws on the budgets of all its ancestors, at once or not at all, and nothing that it makes of
// itself adds to them.
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { nodeId, VirtualClock } from '../../src/core/index.ts'
import { AuthorityLimits, type LimitsOptions, type LineageLimit } from '../../src/security/index.ts'

const WINDOW = 10 * 60_000
const WIDE = { ratePerMinute: 1000, blastNodes: 1000, windowMs: WINDOW }
const node = (index: number) => nodeId(`n${index}`)
const inGroups = (size: number) => (of: string) => [`g${Math.floor(Number(of.slice(1)) / size)}`]

function setUp(
  options: LimitsOptions = {},
  meshSize = 1000,
  groupsOf: (node: string) => string[] = () => [],
) {
  const clock = new VirtualClock()
  const limits = new AuthorityLimits({ clock, meshSize: () => meshSize, groupsOf }, options)
  const write = (lineage: readonly LineageLimit[], index: number) =>
    limits.reserve({ lineage, node: node(index), operation: 'write' })
  return { clock, limits, write }
}

describe('a lineage', () => {
  const parent = { id: 'parent', ratePerMinute: 1000, blastNodes: 3, windowMs: WINDOW }

  it('has one blast budget, however many tokens are made of it', () => {
    const { write } = setUp()
    for (let child = 0; child < 3; child++) write([parent, { id: `c${child}`, ...WIDE }], child).end()
    expect(() => write([parent, { id: 'another', ...WIDE }], 3)).toThrow(
      expect.objectContaining({
        code: 'BUDGET_EXCEEDED',
        details: { budget: 'blast', subject: 'parent', used: 3, limit: 3 },
        retryAfterMs: WINDOW,
      }),
    )
    // A node that counts already costs nothing more.
    write([parent, { id: 'another', ...WIDE }], 0).end()
  })

  it('has one rate, and a look costs as much of it as a write', async () => {
    const { clock, limits, write } = setUp()
    const slow = { id: 'parent', ratePerMinute: 2, blastNodes: 3, windowMs: WINDOW }
    const look = (id: string) =>
      limits.reserve({ lineage: [slow, { id, ...WIDE }], node: node(0), operation: 'read' })
    look('a').end()
    await clock.advance(20_000)
    write([slow, { id: 'b', ...WIDE }], 1).end()
    expect(() => look('c')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED', retryAfterMs: 40_000 }))
    await clock.advance(40_000)
    look('c').end()
    expect(() => look('d')).toThrow(expect.objectContaining({ code: 'RATE_LIMITED' }))
  })

  it('is charged nowhere for what one of its budgets refuses', () => {
    const { limits, write } = setUp()
    const child = { id: 'child', ratePerMinute: 1000, blastNodes: 1, windowMs: WINDOW }
    write([parent, child], 0).end()
    for (let i = 1; i < 20; i++) expect(() => write([parent, child], i)).toThrow('child')
    expect(limits.networkUsed).toBe(1)
    write([parent, { id: 'other', ...WIDE }], 1).end()
    write([parent, { id: 'other', ...WIDE }], 2).end()
  })

  it('counts an undo, and never refuses it', () => {
    const { limits, write } = setUp()
    const lineage = [{ id: 'spent', ratePerMinute: 1, blastNodes: 1, windowMs: WINDOW }]
    write(lineage, 0).end()
    limits.reserve({ lineage, node: node(1), operation: 'undo' }).end()
    expect(limits.networkUsed).toBe(2)
  })
})

test('a reservation under which nothing was done gives everything back, once', () => {
  const { limits, write } = setUp({}, 20, inGroups(4))
  const lineage = [{ id: 'a', ratePerMinute: 1, blastNodes: 1, windowMs: WINDOW }]
  const first = write(lineage, 0)
  first.cancel()
  first.cancel()
  first.end()
  expect(limits.networkUsed).toBe(0)
  write(lineage, 1).end()
  expect(() => write(lineage, 1)).toThrow('rate')
})

test('of a redundancy group one node at a time is written; the next when that has ended', () => {
  const { write } = setUp({ networkShare: 1 }, 100, inGroups(4))
  const lineage = [{ id: 'a', ...WIDE }]
  const open = write(lineage, 0)
  expect(() => write(lineage, 3)).toThrow(
    expect.objectContaining({
      code: 'BUDGET_EXCEEDED',
      details: expect.objectContaining({ budget: 'group', subject: 'g0' }),
    }),
  )
  const same = write(lineage, 0)
  write(lineage, 4).end()
  open.end()
  expect(() => write(lineage, 3)).toThrow('group')
  same.end()
  write(lineage, 3).end()
})

test('the whole network has five nodes of a hundred in ten minutes, and one at the least', async () => {
  const { clock, write } = setUp({}, 100)
  for (let i = 0; i < 5; i++) write([{ id: `a${i}`, ...WIDE }], i).end()
  expect(() => write([{ id: 'b', ...WIDE }], 5)).toThrow('network')
  await clock.advance(WINDOW)
  write([{ id: 'b', ...WIDE }], 5).end()
  const small = setUp({}, 3)
  small.write([{ id: 'a', ...WIDE }], 0).end()
  expect(() => small.write([{ id: 'a', ...WIDE }], 1)).toThrow('network')
})

test('the network has as many nodes as it is told, whatever the share says, and more where the share is more', () => {
  const small = setUp({ networkLeast: 3 }, 20)
  expect(small.limits.networkLimit).toBe(3)
  for (let i = 0; i < 3; i++) small.write([{ id: 'a', ...WIDE }], i).end()
  expect(() => small.write([{ id: 'a', ...WIDE }], 3)).toThrow(
    expect.objectContaining({ details: { budget: 'network', subject: 'the network', used: 3, limit: 3 } }),
  )
  expect(setUp({ networkLeast: 3 }, 100).limits.networkLimit).toBe(5)
})

test('the window of a token is its own, and that of the network is the one of the limits', async () => {
  const { clock, limits, write } = setUp()
  const long = { id: 'long', ratePerMinute: 100, blastNodes: 1, windowMs: 6 * WINDOW }
  const short = { id: 'short', ratePerMinute: 100, blastNodes: 1, windowMs: 1000 }
  write([long], 0).end()
  write([short], 1).end()
  await clock.advance(1000)
  write([short], 2).end()
  expect(() => write([long], 1)).toThrow(expect.objectContaining({ retryAfterMs: 6 * WINDOW - 1000 }))
  await clock.advance(WINDOW)
  expect(limits.networkUsed).toBe(0)
  expect(() => write([long], 1)).toThrow('blast')
  await clock.advance(5 * WINDOW - 1000)
  write([long], 1).end()
})

describe('what persons have approved', () => {
  const approved = (limits: AuthorityLimits, lineage: readonly LineageLimit[], index: number) =>
    limits.reserve({ lineage, node: node(index), operation: 'write', approved: true })

  test('passes the budget of the network, and counts there', () => {
    const { limits, write } = setUp({}, 20)
    const lineage = [{ id: 'a', ...WIDE }]
    write(lineage, 0).end()
    expect(() => write(lineage, 1)).toThrow('network')
    approved(limits, lineage, 1).end()
    approved(limits, lineage, 2).end()
    expect(limits.networkUsed).toBe(3)
    expect(() => write(lineage, 3)).toThrow('network')
  })

  test('passes no other', () => {
    const { limits, write } = setUp({ networkShare: 1 }, 100, inGroups(4))
    const budgets = { blast: { blastNodes: 1 }, rate: { ratePerMinute: 1 } }
    for (const [budget, limit] of Object.entries(budgets)) {
      const lineage = [{ id: budget, ...WIDE, ...limit }]
      write(lineage, 0).end()
      expect(() => approved(limits, lineage, 9)).toThrow(budget)
    }
    write([{ id: 'b', ...WIDE }], 0)
    expect(() => approved(limits, [{ id: 'b', ...WIDE }], 1)).toThrow('group')
  })
})

describe('writes of before a restart', () => {
  const own = { id: 'own', ratePerMinute: 100, blastNodes: 2, windowMs: 2 * WINDOW }
  const past = (index: number, at: number, lineage = ['root', 'own']) => ({ lineage, node: node(index), at })
  async function restarted(at: number, options: LimitsOptions = { networkLeast: 2 }) {
    const made = setUp(options, 10)
    await made.clock.advance(at)
    return made
  }

  test('count for what is left of each window, that of the token and that of the network', async () => {
    const { clock, limits, write } = await restarted(WINDOW)
    limits.remember([past(1, WINDOW / 2), past(0, 1)])
    const lineage = [{ id: 'root', ...WIDE }, own]
    expect(limits.networkUsed).toBe(2)
    expect(() => write(lineage, 2)).toThrow('blast')
    expect(() => write([{ id: 'other', ...WIDE }], 2)).toThrow(expect.objectContaining({ retryAfterMs: 1 }))
    await clock.advance(1)
    write([{ id: 'other', ...WIDE }], 2).end()
    expect(() => write(lineage, 3)).toThrow(
      expect.objectContaining({ details: expect.objectContaining({ subject: 'own' }), retryAfterMs: WINDOW }),
    )
    await clock.advance(WINDOW)
    write(lineage, 3).end()
    expect(() => write(lineage, 4)).toThrow('blast')
  })

  test('of one node are one, and the last of them counts', async () => {
    const { clock, limits, write } = await restarted(WINDOW)
    limits.remember([past(0, WINDOW), past(0, 1), past(0, 2)])
    expect(limits.networkUsed).toBe(1)
    await clock.advance(WINDOW - 1)
    expect(limits.networkUsed).toBe(1)
    write([own], 1).end()
    expect(() => write([own], 2)).toThrow('blast')
  })

  test('were requests as well: those of the last minute count for the rate', async () => {
    const { clock, limits, write } = await restarted(WINDOW)
    limits.remember([past(0, WINDOW - 60_000), past(0, WINDOW - 1000)])
    const slow = { ...own, ratePerMinute: 1 }
    expect(() => write([slow], 0)).toThrow(
      expect.objectContaining({ code: 'RATE_LIMITED', retryAfterMs: 59_000 }),
    )
    await clock.advance(59_000)
    write([slow], 0).end()
  })

  test('are none of the future, where a clock was put back', async () => {
    const { clock, limits } = await restarted(1000)
    limits.remember([past(0, 5 * WINDOW)])
    await clock.advance(WINDOW)
    expect(limits.networkUsed).toBe(0)
  })

  test('count for tokens that are in use as well, and are never too many', async () => {
    const { limits, write } = await restarted(WINDOW, { networkShare: 1, maxTokens: 1 })
    write([own], 0).end()
    limits.remember([past(1, WINDOW - 1), past(2, WINDOW - 1, ['another'])])
    expect(() => write([own], 3)).toThrow('blast')
    expect(() => write([{ ...own, id: 'another', blastNodes: 1 }], 3)).toThrow('blast')
  })

  it('leaves the same to be spent as without the restart, whenever it comes', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({ index: fc.integer({ min: 0, max: 6 }), after: fc.integer({ min: 1, max: WINDOW }) }),
          {
            maxLength: 20,
          },
        ),
        fc.integer({ min: 0, max: WINDOW }),
        async (steps, later) => {
          const options = { networkLeast: 4 }
          const before = setUp(options, 10)
          const lineage = [{ id: 'root', ...WIDE, blastNodes: 3, windowMs: WINDOW / 2 }, own]
          const done: { lineage: string[]; node: ReturnType<typeof node>; at: number }[] = []
          for (const { index, after } of steps) {
            await before.clock.advance(after)
            try {
              before.write(lineage, index).end()
              done.push(past(index, before.clock.now()))
            } catch {
              // Refused: it was none.
            }
          }
          await before.clock.advance(later)
          const after = await restarted(before.clock.now(), options)
          after.limits.remember(done.toReversed())
          for (let index = 0; index < 8; index++) {
            const outcome = ({ write }: typeof before) => {
              try {
                write(lineage, index).end()
                return 'written'
              } catch (error) {
                return error
              }
            }
            expect(outcome(after)).toEqual(outcome(before))
          }
        },
      ),
    ))
})

test('a node that is written for longer than the window counts once, until one window after its end', async () => {
  const { clock, limits, write } = setUp()
  const lineage = [{ id: 'a', ratePerMinute: 100, blastNodes: 1, windowMs: WINDOW }]
  write(lineage, 0).end()
  await clock.advance(WINDOW / 2)
  const long = write(lineage, 0)
  await clock.advance(WINDOW)
  expect(limits.networkUsed).toBe(1)
  expect(() => write(lineage, 1)).toThrow('blast')
  long.end()
  await clock.advance(WINDOW - 1)
  expect(() => write(lineage, 1)).toThrow('blast')
  await clock.advance(1)
  write(lineage, 1).end()
})

test('tokens that are in use are never forgotten: one more is refused, until some are idle', async () => {
  const { clock, write } = setUp({ maxTokens: 3 })
  for (let i = 0; i < 3; i++) write([{ id: `t${i}`, ...WIDE }], i).end()
  expect(() => write([{ id: 'one more', ...WIDE }], 0)).toThrow(
    expect.objectContaining({ code: 'INSUFFICIENT_RESOURCES' }),
  )
  write([{ id: 't1', ...WIDE }], 5).end()
  await clock.advance(WINDOW)
  write([{ id: 'one more', ...WIDE }], 0).end()
})

it.each([
  { windowMs: 0 },
  { networkShare: 0 },
  { networkShare: 1.1 },
  { maxTokens: 0 },
  { networkLeast: 0 },
  { networkLeast: 1.5 },
])('refuses limits that are none: %o', (options) => expect(() => setUp(options)).toThrow('Limits'))

it('refuses a request without a lineage', () => {
  expect(() => setUp().write([], 0)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
})

it('never more than any budget in any window, whoever asks at once and however writes end', () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        parent: fc.integer({ min: 1, max: 6 }),
        child: fc.integer({ min: 1, max: 4 }),
        parentMs: fc.constantFrom(WINDOW / 3, 2 * WINDOW),
        childMs: fc.constantFrom(WINDOW / 2, WINDOW, 3 * WINDOW),
      }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(
        fc.record({
          child: fc.constantFrom('a', 'b', 'c'),
          index: fc.integer({ min: 0, max: 30 }),
          at: fc.integer({ min: 0, max: 3 * WINDOW }),
          takes: fc.constantFrom(0, 1, 5000, WINDOW / 2, 2 * WINDOW),
          isCancelled: fc.boolean(),
        }),
        { maxLength: 60 },
      ),
      async (blast, network, requests) => {
        const { clock, write } = setUp({ networkShare: network / 100 }, 100, inGroups(3))
        const writes: { lineage: string[]; index: number; from: number; to: number }[] = []
        const work = requests.map(async ({ child, index, at, takes, isCancelled }) => {
          await clock.sleep(at)
          // Each of them under a token that it has just made for itself.
          const lineage = [
            { id: 'parent', ratePerMinute: 1000, blastNodes: blast.parent, windowMs: blast.parentMs },
            { id: child, ratePerMinute: 1000, blastNodes: blast.child, windowMs: blast.childMs },
            { id: `${child}-${index}-${at}`, ...WIDE },
          ]
          const reservation = write(lineage, index)
          const from = clock.now()
          await clock.sleep(takes)
          if (isCancelled) return reservation.cancel()
          reservation.end()
          writes.push({ lineage: ['network', 'parent', child], index, from, to: clock.now() })
        })
        for (const outcome of await clock.runUntil(Promise.allSettled(work))) {
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'BUDGET_EXCEEDED' })
        }
        const most: Readonly<Record<string, number>> = { network, parent: blast.parent }
        const spans: Readonly<Record<string, number>> = { network: WINDOW, parent: blast.parentMs }
        for (const { to: end, from: start, index } of writes) {
          for (const id of ['network', 'parent', 'a', 'b', 'c']) {
            const within = writes.filter(
              ({ lineage, from, to }) =>
                lineage.includes(id) && to > end - (spans[id] ?? blast.childMs) && from <= end,
            )
            expect(new Set(within.map((one) => one.index)).size).toBeLessThanOrEqual(most[id] ?? blast.child)
          }
          const together = writes.filter(({ from, to }) => from <= start && to > start)
          for (const other of together) {
            if (other.index !== index) expect(Math.floor(other.index / 3)).not.toBe(Math.floor(index / 3))
          }
        }
      },
    ),
    { numRuns: 200 },
  ))
