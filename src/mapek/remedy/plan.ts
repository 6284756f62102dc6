import type { MeshSnapshot } from '../../mesh/index.ts'
import { touchedNodes } from '../../mesh/index.ts'
import type { HealthBook } from '../health/health-book.ts'
import type { Hypothesis, Incident, PlannedRemedy, Remedy } from '../incident/incident.ts'
import type { MapekOptions } from '../options.ts'
import type { MapekComponents } from '../ports.ts'
import { beliefsOf } from '../twin.ts'
import { remediesFor } from './ladder.ts'

/** Hypotheses below this share get no remedy of their own. */
const LEAST_PROBABILITY = 0.05
/** A remedy must bring back at least this much more of the traffic in the twin. */
const LEAST_GAIN = 0.05
const FLOWS = 0.99

export interface RemedyPlan {
  readonly remedies: readonly PlannedRemedy[]
  /** Why the others were left out, in words. */
  readonly rejected: readonly string[]
  /** The daemons have found a way of their own in the meantime: every witness pair gets through as it is. */
  readonly flowsAlready: boolean
}

/**
 * Candidate remedies of every likely hypothesis, each tried on the digital twin by a planner; those that bring
 * traffic back, gentlest first: by risk tier, then by nodes touched, then by the predicted time.
 */
export async function planRemedies(
  { workforce, twin }: Pick<MapekComponents, 'workforce' | 'twin'>,
  incident: Incident,
  hypotheses: readonly Hypothesis[],
  mesh: { readonly snapshot: MeshSnapshot; readonly book: HealthBook; readonly options: MapekOptions },
  signal: AbortSignal,
): Promise<RemedyPlan> {
  const candidates = candidateRemedies(incident, hypotheses, mesh)
  const outcomes = await workforce.fanOut(
    'planner',
    candidates,
    async (_agent, { remedy, hypothesis }, itemSignal) => {
      const { actions, proof } = remedy
      const beliefs = beliefsOf(incident.root, hypothesis, mesh.snapshot)
      const question = { snapshot: mesh.snapshot, beliefs, actions, pairs: proof.pairs, bytes: proof.bytes }
      return twin.predict(question, itemSignal)
    },
    signal,
  )
  const remedies: PlannedRemedy[] = []
  const rejected: string[] = []
  let flowing = 0
  candidates.forEach(({ remedy }, index) => {
    const outcome = outcomes[index]
    if (!outcome?.ok) {
      rejected.push(`${remedy.title}: no prediction (${outcome?.error.message ?? 'not tried'})`)
      return
    }
    const prediction = outcome.value
    if (prediction.deliveredBefore >= FLOWS) flowing += 1
    const gain = prediction.deliveredAfter - prediction.deliveredBefore
    // A cost put right wins no lost packet, a daemon may come back better than the twin can know, and an address
    // that two nodes announce is wrong whoever wins at the moment.
    const restores = remedy.risk === 0 || ['cost-misconfigured', 'prefix-conflict'].includes(remedy.cause)
    if (gain < LEAST_GAIN && !restores) {
      const why =
        remedy.proof.pairs.length === 0
          ? 'no other way joins what goes over it'
          : `the twin sees no gain (${percent(prediction.deliveredAfter)} delivered)`
      rejected.push(`${remedy.title}: ${why}`)
      return
    }
    remedies.push({ ...remedy, prediction })
  })
  return {
    remedies: remedies.sort(gentlestFirst),
    rejected,
    flowsAlready: flowing > 0 && flowing === candidates.length,
  }
}

function candidateRemedies(
  incident: Incident,
  hypotheses: readonly Hypothesis[],
  mesh: { readonly snapshot: MeshSnapshot; readonly book: HealthBook; readonly options: MapekOptions },
): { readonly remedy: Remedy; readonly hypothesis: Hypothesis }[] {
  const seen = new Set<string>()
  return hypotheses
    .filter(({ probability }) => probability >= LEAST_PROBABILITY)
    .flatMap((hypothesis) =>
      remediesFor({ root: incident.root, hypothesis, ...mesh }).map((remedy) => ({ remedy, hypothesis })),
    )
    .filter(({ remedy }) => {
      const fresh = !seen.has(remedy.title)
      seen.add(remedy.title)
      return fresh
    })
}

function gentlestFirst(x: PlannedRemedy, y: PlannedRemedy): number {
  const touched = touchedNodes(x.actions).size - touchedNodes(y.actions).size
  const time = (remedy: PlannedRemedy) => remedy.prediction.healedAfterMs ?? Number.MAX_SAFE_INTEGER
  return x.risk - y.risk || touched || time(x) - time(y)
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
