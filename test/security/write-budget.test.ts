import fc from 'fast-check'
import { expect, it } from 'vitest'
import { agentId, changeId, nodeId, VirtualClock } from '../../src/core/index.ts'
import { type ControllerOptions, MeshNodeController } from '../../src/security/index.ts'
import { FakeDriver } from './fake-driver.ts'

const NEVER = new AbortController().signal
const WINDOW = 10 * 60_000

function setUp(options: Partial<ControllerOptions>, meshSize: () => number, delayMs?: () => number) {
  const clock = new VirtualClock()
  const fake = new FakeDriver(clock, delayMs)
  const controller = new MeshNodeController(
    { driver: fake.driver, clock, meshSize, onDecision: () => undefined },
    { mode: 'heal', ...options },
  )
  let count = 0
  const apply = (agent: string, node: string) =>
    controller.apply(
      agentId(agent),
      { kind: 'restart-daemon', node: nodeId(node) },
      { id: changeId(`c${count++}`), confirmWithinMs: 1, reason: '' },
      NEVER,
    )
  const limits = { expiresAt: Number.POSITIVE_INFINITY, maxTouchedNodes: 10_000 }
  for (const agent of ['a', 'b', 'c']) {
    controller.grant({ agent: agentId(agent), actions: 'all', nodes: 'all', ...limits })
  }
  return { clock, fake, controller, apply }
}

it('lets a quarter of the mesh be changed in ten minutes, six nodes at least, and then some more', async () => {
  for (const [size, limit] of [
    [4, 6],
    [27, 6],
    [28, 7],
    [100, 25],
  ] as const) {
    const { clock, apply, controller } = setUp({}, () => size)
    for (let i = 0; i < limit; i++) await apply('a', `n${i}`)
    await expect(apply('b', 'one more')).rejects.toMatchObject({
      code: 'BUDGET_EXCEEDED',
      details: { used: limit, limit },
      retryAfterMs: WINDOW,
    })
    // The same nodes may be changed again; the window counts from their last change.
    await clock.advance(WINDOW / 2)
    await apply('b', 'n0')
    await clock.advance(WINDOW / 2)
    expect(controller.budgetUsed).toBe(1)
    for (let i = 1; i < limit; i++) await apply('c', `m${i}`)
    await expect(apply('c', 'one more')).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
  }
})

it('counts a change that failed (something may have been touched), and an undo, which it never stops', async () => {
  const { clock, fake, apply, controller } = setUp({ budgetNodes: 1 }, () => 100)
  const { id } = await apply('a', 'n1')
  await clock.advance(WINDOW)
  fake.failNext = true
  await expect(apply('a', 'n2')).rejects.toMatchObject({ code: 'DAEMON_UNAVAILABLE' })
  await expect(apply('a', 'n3')).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
  await controller.rollback(agentId('a'), id, NEVER)
  expect(controller.budgetUsed).toBe(2)
})

it('never more nodes than the budget in any window, whichever agents ask at once and however long writes take', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.array(
        fc.record({
          agent: fc.constantFrom('a', 'b', 'c'),
          node: fc.integer({ min: 1, max: 20 }).map((n) => `n${n}`),
          at: fc.integer({ min: 0, max: 4 * WINDOW }),
          takes: fc.constantFrom(0, 1, 5000, WINDOW / 2, 2 * WINDOW),
        }),
        { maxLength: 60 },
      ),
      async (budgetNodes, requests) => {
        const takes = new Map<string, number>()
        const { clock, fake, apply } = setUp(
          { budgetNodes },
          () => 1000,
          () => takes.get('next') ?? 0,
        )
        const work = requests.map(async ({ agent, node, at, takes: ms }) => {
          await clock.sleep(at)
          takes.set('next', ms)
          await apply(agent, node)
        })
        const outcomes = await clock.runUntil(Promise.allSettled(work))
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'BUDGET_EXCEEDED' })
        }
        for (const { to: end } of fake.writes) {
          const within = fake.writes.filter(({ from, to }) => to > end - WINDOW && from <= end)
          expect(new Set(within.map(({ node }) => node)).size).toBeLessThanOrEqual(budgetNodes)
        }
      },
    ),
    { numRuns: 100 },
  ))
