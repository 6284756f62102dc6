import { nodeId, RealClock } from '../../../src/core/index.ts'
import { describeMeshDriver } from '../../compliance/mesh-driver.ts'
import { openProving } from '../proving.ts'
import { converged, testMesh, whyNoMesh } from './netns-mesh.ts'

/** The babel driver keeps the promises of every mesh driver, on four real daemons. */
describeMeshDriver(
  'babel',
  async () => {
    const mesh = await testMesh([
      ['n1', 'n2'],
      ['n2', 'n3'],
      ['n3', 'n4'],
      ['n4', 'n1'],
    ])
    const clock = new RealClock()
    const driver = await openProving(mesh)
    await converged(driver, 4)
    const snapshot = await driver.snapshot(new AbortController().signal)
    const link = [...snapshot.links.values()].find(({ a, b }) => a.node === 'n1' && b.node === 'n2')
    if (!link) throw new Error('no link n1 - n2')
    return {
      driver,
      run: (work) => work(),
      sleep: (ms) => clock.sleep(ms),
      aLink: { id: link.id, a: nodeId('n1'), b: nodeId('n2'), aIface: 'to-n2' },
      aPair: [nodeId('n1'), nodeId('n3')],
      close: async () => {
        await driver.close()
        await mesh[Symbol.asyncDispose]()
      },
    }
  },
  { skip: whyNoMesh(), timeoutMs: 40_000 },
)
