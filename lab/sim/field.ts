import type { VirtualClock } from '../../src/core/index.ts'
import type { SimMesh } from '../../src/mesh/index.ts'
import type { DrillField } from '../drill/field.ts'
import { strike } from './faults.ts'
import { placeInSim } from './place.ts'
import { SimProber } from './prober.ts'

const LOOK_MS = 1000
const STEADY_MS = 5000

export interface SimField extends DrillField {
  readonly clock: VirtualClock
  readonly mesh: SimMesh
}

/**
 * A simulated mesh as a field for drills: the same interface as the lab of real daemons, in the virtual time of
 * `clock`, which somebody has to run. The mesh is attached to it until `close`.
 */
export function simField(mesh: SimMesh, clock: VirtualClock): SimField {
  const detach = clock.attach(mesh)
  const undos = new Set<() => void>()
  return {
    name: mesh.label,
    nodes: mesh.wiring.nodeIds.length,
    clock,
    mesh,
    place: async (fault, random, signal, options) => {
      signal.throwIfAborted()
      return placeInSim(mesh, fault, random, options)
    },
    inject: async (fault, target) => {
      const undo = strike(mesh, fault, target)
      undos.add(undo)
      return {
        revert: async () => {
          undos.delete(undo)
          undo()
        },
      }
    },
    probe: (from, to, bytes) => new SimProber({ mesh, clock }, { from, to }, { bytes }),
    settle: async (limitMs, signal) => {
      const end = clock.now() + limitMs
      let [before, since] = [fingerprint(mesh), clock.now()]
      while (clock.now() < end && clock.now() - since < STEADY_MS) {
        await clock.sleep(LOOK_MS, signal)
        const now = fingerprint(mesh)
        if (now !== before) [before, since] = [now, clock.now()]
      }
    },
    close: async () => {
      for (const undo of undos) undo()
      undos.clear()
      detach()
    },
  }
}

/** Changes whenever an entry of a kernel's table does (FNV-1a). */
function fingerprint(mesh: SimMesh): number {
  let hash = 0x811c9dc5
  for (const entry of mesh.state.kernel) hash = Math.imul(hash ^ entry, 0x01000193)
  return hash
}
