// The rule: real nodes tell who watches whom they have suspended; no kill -9 of their executor lifts it, a person does.
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { agentId, changeId, nodeId, RealClock, randomIds, seededRandom } from '../../src/core/index.ts'
import { executorProgram } from '../../src/executor/index.ts'
import { BabelDriver, type GateState, tellExecutor } from '../../src/mesh/index.ts'
import {
  BiscuitEngine,
  CapabilityManager,
  createRootKey,
  SwarmAuthority,
  signLift,
} from '../../src/security/index.ts'
import { processesNaming, testMesh, whyNoMesh } from '../mesh/babel/netns-mesh.ts'
import { openProving } from '../mesh/proving.ts'

const skip = whyNoMesh()
const clock = new RealClock()
const never = new AbortController().signal
const ROGUE = agentId('executor-1')
const suspended = { code: 'ACTION_DENIED', details: expect.objectContaining({ reason: 'suspended' }) }

beforeEach((context) => context.skip(skip !== undefined, skip))

test('whom the nodes suspend, over a kill -9, until it is lifted', async () => {
  await using mesh = await testMesh([['n1', 'n2']])
  const root = createRootKey(join(mesh.dir, 'authority'))
  const owner = await openProving(mesh)
  const driver = await BabelDriver.open(
    { clock, executor: executorProgram(join(mesh.dir, 'nodes')) },
    { inventory: mesh.inventory, stateDir: `${mesh.dir}/executor` },
    never,
  )
  const heard: GateState[] = []
  const watching = (async () => {
    for await (const change of driver.watch(never)) if (change.kind === 'gate') heard.push(change.gate)
  })()
  const until = async (holds: (state: GateState) => boolean) => {
    while (!heard.some(holds)) await clock.sleep(20)
    return heard.findLast(holds)
  }
  const engine = new BiscuitEngine({ clock })
  const [manager, ids] = [new CapabilityManager({ engine, clock, root }), randomIds(seededRandom(Date.now()))]
  const narrow = new SwarmAuthority({ clock, manager, ids }, { nodes: [nodeId('n1')], blastRadius: 9 })
  const hasten = (node: string) => {
    const nodes = [nodeId(node)]
    const prover = narrow.prover(ROGUE, { operation: 'hasten', nodes, forMs: 10 })
    return driver.hasten(nodes, 10, never, prover)
  }

  await hasten('n1')
  for (let index = 0; index < 12; index++) await hasten(`x${index}`).catch(() => undefined)
  const [verdict] = (await until(({ suspensions = [] }) => suspensions.length > 0))?.suspensions ?? []
  expect(verdict).toMatchObject({ agents: [ROGUE], suspended: expect.arrayContaining([`agent ${ROGUE}`]) })
  await expect(hasten('n1')).rejects.toMatchObject(suspended)

  const { session } = await driver.gate(never)
  for (const pid of processesNaming(`${mesh.dir}/executor`)) process.kill(pid, 'SIGKILL')
  expect((await until((state) => state.session !== session))?.suspensions).toEqual([verdict])
  await expect(hasten('n1')).rejects.toMatchObject(suspended)
  const off = { kind: 'set-forwarding', node: nodeId('n2'), enabled: false } as const
  const { id } = await owner.apply(
    off,
    { id: changeId('c1'), confirmWithinMs: 20_000, reason: 'test' },
    never,
  )
  await owner.rollback(id, never)

  await tellExecutor(`${mesh.dir}/executor`, signLift(verdict?.id ?? '', 'ann', root), never)
  await until((state) => state.session !== session && state.suspensions?.length === 0)
  await hasten('n1')
  await driver.close()
  await owner.close()
  await watching
  await engine.close()
})
