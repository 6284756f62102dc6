import type { MeshDriver } from '../mesh/index.ts'

/** A driver without the hands: all that anyone but the controller gets. */
export type ReadOnlyMesh = Pick<
  MeshDriver,
  'name' | 'source' | 'capabilities' | 'snapshot' | 'watch' | 'probe' | 'inspect' | 'changes'
>

/** A view of the driver that cannot change the mesh, not even through a cast. */
export function readOnlyMesh(driver: MeshDriver): ReadOnlyMesh {
  return Object.freeze({
    name: driver.name,
    source: driver.source,
    capabilities: () => driver.capabilities(),
    snapshot: (signal: AbortSignal) => driver.snapshot(signal),
    watch: (signal: AbortSignal) => driver.watch(signal),
    probe: (requests: Parameters<MeshDriver['probe']>[0], signal: AbortSignal) =>
      driver.probe(requests, signal),
    inspect: (...args: Parameters<MeshDriver['inspect']>) => driver.inspect(...args),
    changes: (signal: AbortSignal) => driver.changes(signal),
  })
}
