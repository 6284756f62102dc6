// The rule: behind the simulated driver a mesh looks and behaves like any other, with a gate or without.
import { DrillAuthority } from '../../../lab/drill/drill-authority.ts'
import { linkId, nodeId, seededRandom, VirtualClock } from '../../../src/core/index.ts'
import { SimDriver, SimMesh } from '../../../src/mesh/index.ts'
import { describeMeshDriver, type MeshFixture } from '../../compliance/mesh-driver.ts'
import { proving } from '../proving.ts'
import { grid } from './shapes.ts'

function simulation() {
  const clock = new VirtualClock({ startAt: 1_000_000 })
  const options = { topology: grid(3, 3), profile: 'tuned', converged: true, startAt: clock.now() } as const
  const mesh = new SimMesh({ random: seededRandom('compliance') }, options)
  clock.attach(mesh)
  return { clock, mesh }
}

function fixture(driver: MeshFixture['driver'], clock: VirtualClock): MeshFixture {
  return {
    driver,
    run: (work) => clock.runUntil(work(), { limitMs: 600_000 }),
    sleep: (ms) => clock.advance(ms),
    aLink: { id: linkId('n1--n2'), a: nodeId('n1'), b: nodeId('n2'), aIface: 'l1' },
    aPair: [nodeId('n1'), nodeId('n9')],
    close: () => driver.close(),
  }
}

describeMeshDriver('sim', async () => {
  const { clock, mesh } = simulation()
  return fixture(new SimDriver({ mesh, clock }), clock)
})

describeMeshDriver('sim behind a gate', async () => {
  const { clock, mesh } = simulation()
  const drill = new DrillAuthority(clock)
  const driver = new SimDriver({ mesh, clock, gate: await drill.simGate(mesh) })
  const { authority } = await drill.command(driver, 9, new AbortController().signal)
  return fixture(
    proving(driver, authority, () => drill.close()),
    clock,
  )
})
