import { meshSwarmError } from '../../src/core/index.ts'
import type { Lab } from '../lab.ts'
import type { LabLink } from '../plan.ts'
import { findLink } from '../topology-graph.ts'
import type { FaultStep } from './steps.ts'

/** Where a fault strikes. For a link, `from` and `to` also give the direction of a one-way fault. */
export type FaultTarget =
  | { readonly kind: 'link'; readonly from: string; readonly to: string }
  | { readonly kind: 'node'; readonly node: string }
  /** All links between `side` and the rest. */
  | { readonly kind: 'cut'; readonly side: readonly string[] }
  /** `by` announces the address of `victim`. */
  | { readonly kind: 'prefix'; readonly victim: string; readonly by: string }

export type TargetKind = FaultTarget['kind']
export type TargetOf<K extends TargetKind> = Extract<FaultTarget, { kind: K }>

/** One entry of the catalogue: what it does, as steps that can be undone in reverse order. */
export interface FaultKind<K extends TargetKind = TargetKind> {
  readonly id: string
  readonly target: K
  readonly describe: string
  /** `tag` is unique for the injection: names of nft tables, marks on processes. */
  readonly steps: (lab: Lab, target: TargetOf<K>, tag: string) => readonly FaultStep[]
}

/** The link between two nodes with `a` turned to `from`. Throws INVALID_INPUT where they are no neighbours. */
export function linkBetween(lab: Lab, from: string, to: string): LabLink {
  const found = findLink(lab.plan, from, to)
  if (!found) throw meshSwarmError('INVALID_INPUT', `the lab has no link between '${from}' and '${to}'`)
  return found.a.node === from ? found : { id: found.id, a: found.b, b: found.a }
}
