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
      await atMost(limitMs, signal, (limit) => lab.waitWhole(limit))
      await atMost(limitMs, signal, (limit) => lab.waitStable(3, limit))
    },
    close: async () => {
      await revertAll(lab)
    },
  }
}

/** What has not come by then is not waited for; rejects only when the caller's own signal aborts. */
async function atMost(
  ms: number,
  signal: AbortSignal,
  wait: (limit: AbortSignal) => Promise<void>,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ms)])
  await wait(limit).catch((error: unknown) => {
    if (signal.aborted || !limit.aborted) throw error
  })
}
