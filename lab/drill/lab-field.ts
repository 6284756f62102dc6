import { type Clock, RealClock } from '../../src/core/index.ts'
import { injectFault, type Lab, type Placement, Prober, placeFault, revertAll } from '../index.ts'
import type { DrillField } from './field.ts'

/** The lab of real daemons as a field. `close` takes all faults back; the lab stays up. */
export function labField(lab: Lab): DrillField {
  const clock: Clock = new RealClock()
  return {
    name: lab.name,
    nodes: lab.nodes.length,
    clock,
    place: (fault, random, signal, options): Promise<Placement> =>
      placeFault(lab, fault, random, signal, options),
    inject: (fault, target) => injectFault(lab, fault, target),
    probe: (from, to, bytes) => Prober.start(lab.node(from), lab.node(to), { bytes }),
    settle: async (limitMs, signal) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
      await lab.waitStable(3, limit).catch((error: unknown) => {
        if (signal.aborted) throw error
      })
    },
    close: async () => {
      await revertAll(lab)
    },
  }
}
