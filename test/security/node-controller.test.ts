// The rule: nothing is asked of a node outside the mode heal; what is asked is written down before, a refusal after.
import { describe, expect, it } from 'vitest'
import { agentId, changeId, nodeId, VirtualClock } from '../../src/core/index.ts'
import type { AppliedChange, GateAsk } from '../../src/mesh/index.ts'
import { type ControlMode, type Decision, MeshNodeController } from '../../src/security/index.ts'
import { FakeDriver } from './fake-driver.ts'

const NEVER = new AbortController().signal
const AGENT = agentId('executor-1')
const OTHER = agentId('verifier-1')
const RESTART = { kind: 'restart-daemon', node: nodeId('n1') } as const
const ASKED = { id: changeId('c1'), confirmWithinMs: 1000, reason: 'incident-1' }
const DENIED = { code: 'ACTION_DENIED' }

function setUp(mode: ControlMode = 'heal', onDecision: (decision: Decision) => unknown = () => undefined) {
  const clock = new VirtualClock({ startAt: 1_000_000 })
  const fake = new FakeDriver(clock)
  const decisions: Decision[] = []
  const asks: { readonly agent: string; readonly ask: GateAsk }[] = []
  const authority = {
    prover: (agent: string, ask: GateAsk) => {
      asks.push({ agent, ask })
      return async () => ({ token: `of ${agent}`, request: ask.operation })
    },
  }
  const told = (decision: Decision) => {
    decisions.push(decision)
    return onDecision(decision)
  }
  const components = { driver: fake.driver, clock, authority, onDecision: told }
  const controller = new MeshNodeController(components, { mode })
  return { clock, fake, controller, decisions, asks }
}

const OLD: AppliedChange = {
  ...{
    id: changeId('old'),
    action: RESTART,
    state: 'pending',
    appliedAt: 0,
    confirmBy: 0,
    reason: 'a run before',
  },
}

it.each(['observe', 'advise'] as const)('%s changes nothing, whoever asks for whatever', async (mode) => {
  const { fake, controller, decisions } = setUp(mode)
  fake.books.set(OLD.id, OLD)
  await expect(controller.apply(AGENT, RESTART, ASKED, NEVER)).rejects.toMatchObject(DENIED)
  await expect(controller.confirm(AGENT, OLD.id, NEVER)).rejects.toMatchObject(DENIED)
  await expect(controller.rollback(AGENT, OLD.id, NEVER)).rejects.toMatchObject(DENIED)
  await expect(controller.hasten(AGENT, [nodeId('n1')], 1000, NEVER)).rejects.toMatchObject(DENIED)
  expect(fake.writes).toEqual([])
  expect(fake.hastened).toEqual([])
  expect(fake.proofs).toEqual([])
  expect(fake.books.get(OLD.id)?.state).toBe('pending')
  expect(decisions.map(({ operation, allowed }) => [operation, allowed])).toEqual([
    ['apply', false],
    ['confirm', false],
    ['rollback', false],
  ])
})

describe('proofs', () => {
  it('each call has the proof of the agent that makes it, for exactly that', async () => {
    const { controller, fake, asks } = setUp()
    await controller.apply(AGENT, RESTART, ASKED, NEVER)
    await controller.confirm(OTHER, ASKED.id, NEVER)
    await controller.rollback(AGENT, ASKED.id, NEVER)
    await controller.hasten(OTHER, [nodeId('n1'), nodeId('n2')], 500, NEVER)
    const { id: change, ...rest } = ASKED
    expect(asks).toEqual([
      { agent: AGENT, ask: { operation: 'apply', action: RESTART, change, ...rest, plan: undefined } },
      { agent: OTHER, ask: { operation: 'confirm', action: RESTART, change } },
      { agent: AGENT, ask: { operation: 'rollback', action: RESTART, change } },
      { agent: OTHER, ask: { operation: 'hasten', nodes: ['n1', 'n2'], forMs: 500 } },
    ])
    expect(fake.proofs).toEqual([
      { token: `of ${AGENT}`, request: 'apply' },
      { token: `of ${OTHER}`, request: 'confirm' },
      { token: `of ${AGENT}`, request: 'rollback' },
      { token: `of ${OTHER}`, request: 'hasten' },
    ])
  })

  it('a change of an earlier run is proven for the action that is on the books', async () => {
    const { controller, fake, asks } = setUp()
    fake.books.set(OLD.id, OLD)
    await controller.rollback(AGENT, OLD.id, NEVER)
    expect(asks).toEqual([{ agent: AGENT, ask: { operation: 'rollback', action: RESTART, change: 'old' } }])
    await expect(controller.confirm(AGENT, changeId('x'), NEVER)).rejects.toMatchObject({
      code: 'CHANGE_NOT_FOUND',
    })
  })

  it('without an authority nothing is proven', async () => {
    const clock = new VirtualClock()
    const fake = new FakeDriver(clock)
    const controller = new MeshNodeController(
      { driver: fake.driver, clock, onDecision: () => undefined },
      { mode: 'heal' },
    )
    await controller.apply(AGENT, RESTART, ASKED, NEVER)
    expect(fake.proofs).toEqual([undefined])
  })
})

describe('decisions', () => {
  const about = {
    ...{
      at: 1_000_000,
      operation: 'apply',
      agent: AGENT,
      change: 'c1',
      action: RESTART,
      reason: 'incident-1',
    },
  }

  it('what is asked of a node is told before it is done, and frozen', async () => {
    const { controller, fake, decisions } = setUp('heal', () => expect(fake.writes).toEqual([]))
    await controller.apply(AGENT, RESTART, ASKED, NEVER)
    expect(fake.writes).toHaveLength(1)
    expect(decisions).toEqual([{ ...about, allowed: true }])
    expect(decisions.every(Object.isFrozen)).toBe(true)
  })

  it('what the node refuses is told after it', async () => {
    const { controller, fake, decisions } = setUp()
    fake.refuses = true
    await expect(controller.apply(AGENT, RESTART, ASKED, NEVER)).rejects.toThrow('The node says no.')
    const refused = { ...about, allowed: false, code: 'ACTION_DENIED', why: 'The node says no.' }
    expect(decisions).toEqual([{ ...about, allowed: true }, refused])
    expect(fake.writes).toEqual([])
  })

  it('a failure of the node is no refusal', async () => {
    const { controller, fake, decisions } = setUp()
    fake.failNext = true
    await expect(controller.apply(AGENT, RESTART, ASKED, NEVER)).rejects.toThrow('told to fail')
    expect(decisions).toEqual([{ ...about, allowed: true }])
  })

  it('nothing is done where the decision cannot be told', async () => {
    const { controller, fake } = setUp('heal', async () => {
      throw new Error('disk full')
    })
    await expect(controller.apply(AGENT, RESTART, ASKED, NEVER)).rejects.toThrow('disk full')
    expect(fake.writes).toEqual([])
  })
})

it('a cancelled request is no request', async () => {
  const { controller, decisions, fake } = setUp()
  const cancelled = { code: 'CANCELLED' }
  await expect(controller.apply(AGENT, RESTART, ASKED, AbortSignal.abort())).rejects.toMatchObject(cancelled)
  await expect(controller.hasten(AGENT, [nodeId('n1')], 1, AbortSignal.abort())).rejects.toMatchObject(
    cancelled,
  )
  expect(decisions).toEqual([])
  expect(fake.hastened).toEqual([])
})

it('to hasten no node asks nobody', async () => {
  const { controller, fake, asks } = setUp()
  await controller.hasten(AGENT, [], 1000, NEVER)
  expect(fake.proofs).toEqual([])
  expect(asks).toEqual([])
})
