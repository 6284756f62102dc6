import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { supervise } from '../../lab/drill/supervise.ts'
import { injectFault, Lab, loadTopology } from '../../lab/index.ts'
import { RealClock } from '../../src/core/index.ts'
import { executorProgram } from '../../src/executor/index.ts'
import { BabelDriver, SimTwin } from '../../src/mesh/index.ts'
import { describeLab, testName } from './lab-here.ts'

const signal = AbortSignal.timeout(90_000)

function suite(): void {
  let lab: Lab
  let driver: BabelDriver
  const clock = new RealClock()

  beforeAll(async () => {
    lab = await Lab.up(await loadTopology('ring:6'), { name: testName('modes'), profile: 'tuned' }, signal)
    await lab.waitConverged(signal)
    driver = await BabelDriver.open(
      { clock, executor: executorProgram(join(lab.plan.stateDir, 'nodes')) },
      { inventory: lab.inventory },
      signal,
    )
  }, 60_000)

  afterAll(async () => {
    await driver?.close()
    await lab?.down()
  })

  /** What is configured on every node: addresses, forwarding, interfaces with cost, MTU and state. */
  async function configuration() {
    const { nodes } = await driver.snapshot(signal)
    const facts = await Promise.all([...nodes.keys()].map((node) => driver.inspect(node, signal)))
    return facts.map(({ node, forwarding, addresses, interfaces }) => ({
      node,
      forwarding: forwarding.known && forwarding.value,
      addresses: addresses.known && addresses.value.toSorted(),
      interfaces: interfaces.map(({ name, adminUp, mtu, rxcost, routed }) =>
        [name, ...[adminUp, mtu, rxcost, routed].map((one) => (one.known ? one.value : '?'))].join(' '),
      ),
    }))
  }

  it.each(['observe', 'advise'] as const)(
    '%s sees a real fault and changes nothing on the mesh',
    async (mode) => {
      const before = await configuration()
      const swarm = await supervise({ driver, clock, twin: new SimTwin() }, { mode })
      await clock.sleep(2500, signal)
      const fault = await injectFault(lab, 'silent-cut', { kind: 'link', from: 'n2', to: 'n3' })
      const closed = () => swarm.events.find(({ kind }) => kind === 'incident-closed')
      while (!closed()) await clock.sleep(50, signal)
      await fault.revert()
      await swarm.stop()
      expect(closed()).toMatchObject({ outcome: mode === 'observe' ? 'observed' : 'advised' })
      expect(await configuration()).toEqual(before)
      expect(await driver.changes(signal)).toEqual([])
    },
  )
}

describeLab('modes that only look', suite, 60_000)
