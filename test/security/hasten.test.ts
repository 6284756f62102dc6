// The rule: daemons are hurried for who may change their nodes, in heal only, and it costs nothing.
import { expect, it } from 'vitest'
import { agentId, changeId, nodeId, VirtualClock } from '../../src/core/index.ts'
import { type ControllerOptions, type Grant, MeshNodeController } from '../../src/security/index.ts'
import { FakeDriver } from './fake-driver.ts'

const NEVER = new AbortController().signal
const AGENT = agentId('executor-1')
const OTHER = agentId('verifier-1')
const DENIED = { code: 'ACTION_DENIED' }

function setUp(options: Partial<ControllerOptions> = {}) {
  const clock = new VirtualClock({ startAt: 1_000_000 })
  const fake = new FakeDriver(clock)
  const told: unknown[] = []
  const onDecision = (decision: unknown) => told.push(decision)
  const components = { driver: fake.driver, clock, meshSize: () => 100, onDecision }
  const controller = new MeshNodeController(components, { mode: 'heal', ...options })
  const give = (part: Partial<Grant> = {}) =>
    controller.grant({
      agent: AGENT,
      actions: 'all',
      nodes: 'all',
      expiresAt: Number.POSITIVE_INFINITY,
      maxTouchedNodes: 1000,
      ...part,
    })
  const hasten = (nodes: readonly string[], agent = AGENT, signal = NEVER) =>
    controller.hasten(agent, nodes.map(nodeId), 1000, signal)
  const restart = (node: string, id: string) => {
    const asked = { id: changeId(id), confirmWithinMs: 1000, reason: '' }
    return controller.apply(AGENT, { kind: 'restart-daemon', node: nodeId(node) }, asked, NEVER)
  }
  return { clock, fake, controller, told, give, hasten, restart }
}

it.each(['observe', 'advise'] as const)('%s hastens nothing, whoever asks', async (mode) => {
  const { fake, give, hasten } = setUp({ mode })
  give()
  await expect(hasten(['n1'])).rejects.toMatchObject(DENIED)
  expect(fake.hastened).toEqual([])
})

it('without a grant nothing is hastened, another agent has one or had one', async () => {
  const { clock, fake, controller, give, hasten } = setUp()
  await expect(hasten(['n1'])).rejects.toMatchObject(DENIED)
  give({ agent: OTHER })
  await expect(hasten(['n1'])).rejects.toMatchObject(DENIED)
  give({ expiresAt: clock.now() + 1000 })
  await clock.advance(1000)
  await expect(hasten(['n1'])).rejects.toMatchObject(DENIED)
  give()
  controller.revoke(AGENT)
  await expect(hasten(['n1'])).rejects.toMatchObject(DENIED)
  expect(fake.hastened).toEqual([])
})

it('only the nodes that some grant covers are hastened, and several grants add up', async () => {
  const { clock, fake, give, hasten } = setUp()
  give({ nodes: [nodeId('n1')] })
  give({ nodes: [nodeId('n3')], actions: ['restart-daemon'], maxTouchedNodes: 0 })
  give({ nodes: [nodeId('n4')], expiresAt: clock.now() })
  give({ nodes: [nodeId('n2')], agent: OTHER })
  await hasten(['n1', 'n2', 'n3', 'n4'])
  expect(fake.hastened).toEqual([['n1', 'n3']])
  await expect(hasten(['n2', 'n4'])).rejects.toMatchObject(DENIED)
  await hasten(['n1', 'n2'], OTHER)
  give()
  await hasten(['n4', 'n2'])
  expect(fake.hastened.slice(1)).toEqual([['n2'], ['n4', 'n2']])
})

it('books nothing and uses no budget and no place of a grant', async () => {
  const { fake, controller, give, hasten, restart } = setUp({ budgetNodes: 1 })
  give({ maxTouchedNodes: 1 })
  for (let call = 0; call < 10; call += 1) await hasten(['n1', 'n2', 'n3'])
  expect(controller.budgetUsed).toBe(0)
  expect(fake.books.size).toBe(0)
  expect(fake.writes).toEqual([])
  await restart('n9', 'c1')
  expect(controller.budgetUsed).toBe(1)
})

it('goes on where the budget and the grant are used up', async () => {
  const { fake, give, hasten, restart } = setUp({ budgetNodes: 1 })
  give({ maxTouchedNodes: 1 })
  await restart('n1', 'c1')
  await expect(restart('n2', 'c2')).rejects.toMatchObject(DENIED)
  await hasten(['n1', 'n2'])
  expect(fake.hastened).toEqual([['n1', 'n2']])
})

it('a cancelled call hastens nothing', async () => {
  const { fake, give, hasten } = setUp()
  give()
  await expect(hasten(['n1'], AGENT, AbortSignal.abort())).rejects.toMatchObject({ code: 'CANCELLED' })
  expect(fake.hastened).toEqual([])
})
