// The rule: behind the simulated driver a mesh looks and behaves like any other.
import { linkId, nodeId, seededRandom, VirtualClock } from '../../../src/core/index.ts'
import { SimDriver, SimMesh } from '../../../src/mesh/index.ts'
import { describeMeshDriver, type MeshFixture } from '../../compliance/mesh-driver.ts'
import { grid } from './shapes.ts'

describeMeshDriver('sim', async (): Promise<MeshFixture> => {
  const clock = new VirtualClock({ startAt: 1_000_000 })
  const options = { topology: grid(3, 3), profile: 'tuned', converged: true, startAt: clock.now() } as const
  const mesh = new SimMesh({ random: seededRandom('compliance') }, options)
  clock.attach(mesh)
  const driver = new SimDriver({ mesh, clock })
  return {
    driver,
    run: (work) => clock.runUntil(work(), { limitMs: 600_000 }),
    sleep: (ms) => clock.advance(ms),
    aLink: { id: linkId('n1--n2'), a: nodeId('n1'), b: nodeId('n2'), aIface: 'l1' },
    aPair: [nodeId('n1'), nodeId('n9')],
    close: () => driver.close(),
  }
})
