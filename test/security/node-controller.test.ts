import { describe, expect, it } from 'vitest'
import { agentId, changeId, nodeId, VirtualClock } from '../../src/core/index.ts'
import type { ActionKind, MeshAction } from '../../src/mesh/index.ts'
import {
  type ControllerOptions,
  type Decision,
  type Grant,
  MeshNodeController,
} from '../../src/security/index.ts'
import { FakeDriver } from './fake-driver.ts'

const NEVER = new AbortController().signal
const AGENT = agentId('executor-1')
const OTHER = agentId('verifier-1')

function setUp(options: Partial<ControllerOptions> = {}, meshSize = 100) {
  const clock = new VirtualClock({ startAt: 1_000_000 })
  const fake = new FakeDriver(clock)
  const decisions: Decision[] = []
  const onDecision = (decision: Decision) => decisions.push(decision)
  const components = { driver: fake.driver, clock, meshSize: () => meshSize, onDecision }
  const controller = new MeshNodeController(components, { mode: 'heal', ...options })
  let count = 0
  const apply = (
    node: string,
    kind: 'restart-daemon' | 'resume-daemon' = 'restart-daemon',
    agent = AGENT,
  ) => {
    const asked = { id: changeId(`c${++count}`), confirmWithinMs: 1000, reason: 'incident-1' }
    return controller.apply(agent, { kind, node: nodeId(node) }, asked, NEVER)
  }
  const give = (part: Partial<Grant> = {}) =>
    controller.grant({
      agent: AGENT,
      actions: 'all',
      nodes: 'all',
      expiresAt: Number.POSITIVE_INFINITY,
      maxTouchedNodes: 1000,
      ...part,
    })
  return { clock, fake, controller, decisions, apply, give }
}

const DENIED = { code: 'ACTION_DENIED' }

describe('mode', () => {
  it.each(['observe', 'advise'] as const)('%s changes nothing, whoever asks for whatever', async (mode) => {
    const { apply, give, fake, controller, decisions } = setUp({ mode })
    give()
    await expect(apply('n1')).rejects.toMatchObject(DENIED)
    fake.books.set(changeId('old'), {
      id: changeId('old'),
      action: { kind: 'restart-daemon', node: nodeId('n1') },
      state: 'pending',
      appliedAt: 0,
      confirmBy: 0,
      reason: 'an earlier run',
    })
    await expect(controller.confirm(AGENT, changeId('old'), NEVER)).rejects.toMatchObject(DENIED)
    await expect(controller.rollback(AGENT, changeId('old'), NEVER)).rejects.toMatchObject(DENIED)
    expect(fake.writes).toEqual([])
    expect(fake.books.get(changeId('old'))?.state).toBe('pending')
    expect(decisions.map(({ operation, allowed }) => [operation, allowed])).toEqual([
      ['apply', false],
      ['confirm', false],
      ['rollback', false],
    ])
  })
})

describe('grant', () => {
  it('without one, nothing; with one, what it says', async () => {
    const { apply, give, fake } = setUp()
    await expect(apply('n1')).rejects.toMatchObject(DENIED)
    give()
    expect(await apply('n1')).toMatchObject({ state: 'pending', reason: 'incident-1' })
    await expect(apply('n1', 'restart-daemon', OTHER)).rejects.toMatchObject(DENIED)
    expect(fake.writes).toHaveLength(1)
  })

  it('covers its actions and its nodes only, and several add up', async () => {
    const { apply, give } = setUp()
    give({ actions: ['restart-daemon'], nodes: [nodeId('n1')] })
    await apply('n1')
    await expect(apply('n1', 'resume-daemon')).rejects.toThrow('does not cover resume-daemon')
    await expect(apply('n2')).rejects.toThrow('does not cover node n2')
    give({ nodes: [nodeId('n2')] })
    await apply('n2', 'resume-daemon')
    await expect(apply('n1', 'resume-daemon')).rejects.toMatchObject(DENIED)
  })

  it('ends at its expiry, and with a revoke', async () => {
    const { apply, give, clock, controller } = setUp()
    give({ expiresAt: clock.now() + 1000 })
    await clock.advance(999)
    await apply('n1')
    await clock.advance(1)
    await expect(apply('n1')).rejects.toThrow('expired')
    give()
    await apply('n1')
    controller.revoke(AGENT)
    await expect(apply('n1')).rejects.toMatchObject(DENIED)
  })

  it('covers so many different nodes and no more, ever', async () => {
    const { apply, give, clock } = setUp()
    give({ maxTouchedNodes: 2 })
    await apply('n1')
    await apply('n2')
    await clock.advance(24 * 3_600_000)
    await apply('n1')
    await expect(apply('n3')).rejects.toThrow('used up')
  })

  it('is not widened by what the giver does to it afterwards', async () => {
    const { apply, give } = setUp()
    const nodes = [nodeId('n1')]
    const actions: ActionKind[] = ['restart-daemon']
    give({ nodes, actions })
    nodes.push(nodeId('n2'))
    actions.push('resume-daemon')
    await expect(apply('n2')).rejects.toMatchObject(DENIED)
    await expect(apply('n1', 'resume-daemon')).rejects.toMatchObject(DENIED)
  })

  it('is needed for confirm and rollback too, where another agent may do them', async () => {
    const { apply, give, controller, fake } = setUp()
    give()
    const { id } = await apply('n1')
    await expect(controller.confirm(OTHER, id, NEVER)).rejects.toMatchObject(DENIED)
    give({ agent: OTHER, nodes: [nodeId('n2')] })
    await expect(controller.rollback(OTHER, id, NEVER)).rejects.toMatchObject(DENIED)
    give({ agent: OTHER, nodes: [nodeId('n1')], maxTouchedNodes: 0 })
    await controller.confirm(OTHER, id, NEVER)
    expect(fake.books.get(id)?.state).toBe('confirmed')
    await controller.rollback(OTHER, id, NEVER)
    expect(fake.books.get(id)?.state).toBe('rolled-back')
    await expect(controller.confirm(AGENT, changeId('x'), NEVER)).rejects.toMatchObject({
      code: 'CHANGE_NOT_FOUND',
    })
  })

  it('an id that was used before gives nobody a hold on the earlier change', async () => {
    const { give, controller, fake } = setUp()
    give({ nodes: [nodeId('n1')] })
    give({ agent: OTHER, nodes: [nodeId('n2')] })
    const asked = { id: changeId('same'), confirmWithinMs: 1000, reason: '' }
    const restart = (node: string): MeshAction => ({ kind: 'restart-daemon', node: nodeId(node) })
    await controller.apply(AGENT, restart('n1'), asked, NEVER)
    await controller.apply(OTHER, restart('n2'), asked, NEVER)
    expect(fake.writes).toHaveLength(1)
    await expect(controller.rollback(OTHER, asked.id, NEVER)).rejects.toMatchObject(DENIED)
    await controller.rollback(AGENT, asked.id, NEVER)
  })
})

it('a risk tier above the allowed one is denied to everybody', async () => {
  const { controller, give, fake } = setUp({ maxTier: 1 })
  give()
  const asked = { id: changeId('c'), confirmWithinMs: 1, reason: '' }
  const drop = { kind: 'drop-interface', node: nodeId('n1'), iface: 'eth0', rxcost: 96 } as const
  await expect(controller.apply(AGENT, drop, asked, NEVER)).rejects.toThrow('risk tier 2')
  expect(fake.writes).toEqual([])
})

describe('decisions', () => {
  it('each is told before anything is done, allowed and denied, with who, what and why', async () => {
    const { apply, give, decisions, fake, clock } = setUp()
    await apply('n1').catch(() => undefined)
    give()
    await apply('n1')
    const about = { operation: 'apply', agent: AGENT, action: { kind: 'restart-daemon', node: 'n1' } }
    expect(decisions).toEqual([
      {
        ...about,
        at: clock.now(),
        change: 'c1',
        reason: 'incident-1',
        allowed: false,
        code: 'ACTION_DENIED',
        why: 'Not allowed: agent executor-1 holds no grant.',
      },
      { ...about, at: clock.now(), change: 'c2', reason: 'incident-1', allowed: true },
    ])
    expect(fake.writes).toHaveLength(1)
    for (const decision of decisions) expect(Object.isFrozen(decision)).toBe(true)
  })

  it('nothing is done where the decision cannot be told, and its place in the budget comes back', async () => {
    const clock = new VirtualClock()
    const fake = new FakeDriver(clock)
    const onDecision = async () => {
      throw new Error('disk full')
    }
    const components = { driver: fake.driver, clock, meshSize: () => 1, onDecision }
    const controller = new MeshNodeController(components, { mode: 'heal' })
    const limits = { expiresAt: Number.POSITIVE_INFINITY, maxTouchedNodes: 9 }
    controller.grant({ agent: AGENT, actions: 'all', nodes: 'all', ...limits })
    const asked = { id: changeId('c'), confirmWithinMs: 1, reason: '' }
    const action = { kind: 'restart-daemon', node: nodeId('n1') } as const
    await expect(controller.apply(AGENT, action, asked, NEVER)).rejects.toThrow('disk full')
    expect(fake.writes).toEqual([])
    expect(controller.budgetUsed).toBe(0)
  })

  it('a cancelled request is no request', async () => {
    const { controller, give, decisions } = setUp()
    give()
    const asked = { id: changeId('c'), confirmWithinMs: 1, reason: '' }
    const action = { kind: 'restart-daemon', node: nodeId('n1') } as const
    const work = controller.apply(AGENT, action, asked, AbortSignal.abort())
    await expect(work).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(decisions).toEqual([])
  })
})
