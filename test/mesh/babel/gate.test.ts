// The rule: an executor does nothing that its gate has not let through, whoever asks, and no restart opens it.
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { agentId, changeId, nodeId, RealClock } from '../../../src/core/index.ts'
import { executorProgram } from '../../../src/executor/index.ts'
import { BabelDriver, type MeshDriver, type Proof, tellExecutor } from '../../../src/mesh/index.ts'
import {
  BiscuitEngine,
  CapabilityManager,
  createRootKey,
  EpochFile,
  EpochIssuer,
  enrol,
  type KeyPair,
  keyPair,
  SwarmAuthority,
  signEpoch,
} from '../../../src/security/index.ts'
import { openProving } from '../proving.ts'
import { processesNaming, type TestMesh, testMesh, whyNoMesh } from './netns-mesh.ts'

const skip = whyNoMesh()
const clock = new RealClock()
const never = new AbortController().signal
const denied = (reason: string) => ({ code: 'ACTION_DENIED', details: expect.objectContaining({ reason }) })

const forwards = (mesh: TestMesh, id: string) =>
  mesh.inside(id, 'sysctl', '-n', 'net.ipv6.conf.all.forwarding').trim() === '1'
const off = (node: string) => ({ kind: 'set-forwarding', node: nodeId(node), enabled: false }) as const
let count = 0
const asked = (confirmWithinMs = 20_000) => ({ id: changeId(`c${++count}`), confirmWithinMs, reason: 'test' })

/** As an intruder on the machine, who finds the executor and has no capability. */
const open = (mesh: TestMesh) =>
  BabelDriver.open(
    { clock, executor: executorProgram(join(mesh.dir, 'nodes')) },
    { inventory: mesh.inventory, stateDir: `${mesh.dir}/executor` },
    never,
  )

async function killExecutor(mesh: TestMesh, driver: MeshDriver): Promise<void> {
  for (const pid of processesNaming(`${mesh.dir}/executor`)) process.kill(pid, 'SIGKILL')
  const answers = () =>
    driver.changes(never).then(
      () => true,
      () => false,
    )
  while (!(await answers())) await clock.sleep(20)
}

function authorityOf(mesh: TestMesh, root: KeyPair) {
  return new EpochIssuer({ clock, root, store: new EpochFile(join(mesh.dir, 'authority', 'epoch.json')) })
}

describe('the gate of real nodes', { timeout: 60_000 }, () => {
  beforeEach((context) => context.skip(skip !== undefined, skip))

  it('refuses who shows nothing, and the node stays as it is', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    const stranger = await open(mesh)
    await expect(stranger.apply(off('n1'), asked(), never)).rejects.toMatchObject(denied('no-root'))
    const owner = await openProving(mesh)
    await expect(stranger.apply(off('n1'), asked(), never)).rejects.toMatchObject(denied('malformed'))
    await expect(stranger.hasten([nodeId('n1')], 500, never)).rejects.toMatchObject(denied('malformed'))
    expect(forwards(mesh, 'n1')).toBe(true)
    const { id } = await owner.apply(off('n1'), asked(), never)
    expect(forwards(mesh, 'n1')).toBe(false)
    await expect(stranger.confirm(id, never)).rejects.toMatchObject(denied('malformed'))
    await expect(stranger.rollback(id, never)).rejects.toMatchObject(denied('malformed'))
    expect(await stranger.changes(never)).toMatchObject([{ id, state: 'pending' }])
    await owner.rollback(id, never)
    expect(forwards(mesh, 'n1')).toBe(true)
    await owner.close()
    await stranger.close()
  })

  it('a halt stops everybody, undoes what is not confirmed, and outlives a kill -9', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    const root = createRootKey(join(mesh.dir, 'authority'))
    const driver = await openProving(mesh)
    const { id } = await driver.apply(off('n1'), asked(2000), never)
    const halt = await authorityOf(mesh, root).issue('halted', 'stop')
    const forged = signEpoch({ ...halt.epoch, number: 99, state: 'running' }, keyPair())
    await tellExecutor(`${mesh.dir}/executor`, halt, never)
    await expect(tellExecutor(`${mesh.dir}/executor`, forged, never)).rejects.toMatchObject(
      denied('signature'),
    )
    await expect(driver.confirm(id, never)).rejects.toMatchObject(denied('halted'))
    await expect(driver.apply(off('n2'), asked(), never)).rejects.toMatchObject(denied('halted'))
    while (!forwards(mesh, 'n1')) await clock.sleep(50)
    await killExecutor(mesh, driver)
    expect(await driver.gate(never)).toMatchObject({ epoch: 2, closed: 'halted' })
    await expect(driver.apply(off('n2'), asked(), never)).rejects.toMatchObject(denied('halted'))
    await driver.tell(await authorityOf(mesh, root).issue('running', 'go on'), never)
    expect((await driver.apply(off('n2'), asked(), never)).state).toBe('pending')
    await driver.close()
  })

  it('a kill -9 makes no proof good again, and gives no budget back', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    const root = createRootKey(join(mesh.dir, 'authority'))
    enrol(join(mesh.dir, 'nodes'), root.publicKey, { nodes: 2, blastRadius: 1 })
    const driver = await openProving(mesh)
    const engine = new BiscuitEngine({ clock })
    const manager = new CapabilityManager({ engine, clock, root })
    const ids = { next: () => `request-${++count}` }
    const own = new SwarmAuthority({ clock, manager, ids }, { nodes: 'all', blastRadius: 9 })
    const raw = await open(mesh)
    const options = asked()
    const { id: change, ...rest } = options
    const prover = own.prover(agentId('a'), { operation: 'apply', action: off('n1'), change, ...rest })
    let proof: Proof | undefined
    const kept = async (...state: Parameters<typeof prover>) => {
      proof ??= await prover(...state)
      return proof
    }
    await raw.apply(off('n1'), options, never, kept)
    await raw.rollback(
      change,
      never,
      own.prover(agentId('a'), { operation: 'rollback', action: off('n1'), change }),
    )
    await killExecutor(mesh, raw)
    await expect(raw.apply(off('n1'), options, never, kept)).rejects.toMatchObject(denied('request'))
    await expect(driver.apply(off('n2'), asked(), never)).rejects.toMatchObject({
      code: 'BUDGET_EXCEEDED',
      details: { budget: 'network', used: 1, limit: 1 },
    })
    expect([forwards(mesh, 'n1'), forwards(mesh, 'n2')]).toEqual([true, true])
    await raw.close()
    await driver.close()
    await engine.close()
  })
})
