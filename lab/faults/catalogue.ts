import { meshSwarmError } from '../../src/core/index.ts'
import type { Lab } from '../lab.ts'
import { LINK_FAULTS } from './catalogue-links.ts'
import { CUT_FAULTS, NODE_FAULTS, PREFIX_FAULTS } from './catalogue-nodes.ts'
import type { FaultKind, FaultTarget, TargetKind } from './kinds.ts'
import type { FaultStep } from './steps.ts'

type AnyFaultKind = { [K in TargetKind]: FaultKind<K> }[TargetKind]

export const CATALOGUE: readonly AnyFaultKind[] = [
  ...LINK_FAULTS,
  ...NODE_FAULTS,
  ...PREFIX_FAULTS,
  ...CUT_FAULTS,
]

/** Throws INVALID_INPUT for an unknown fault, with the ones there are. */
export function faultKind(id: string): AnyFaultKind {
  const found = CATALOGUE.find((kind) => kind.id === id)
  if (found) return found
  const ids = CATALOGUE.map((kind) => kind.id).join(', ')
  throw meshSwarmError('INVALID_INPUT', `no fault '${id}'; there are: ${ids}`)
}

/** The steps of a fault at a target. Throws INVALID_INPUT where fault and target do not fit. */
export function stepsOf(
  kind: AnyFaultKind,
  lab: Lab,
  target: FaultTarget,
  tag: string,
): readonly FaultStep[] {
  if (kind.target === 'link' && target.kind === 'link') return kind.steps(lab, target, tag)
  if (kind.target === 'node' && target.kind === 'node') return kind.steps(lab, target, tag)
  if (kind.target === 'cut' && target.kind === 'cut') return kind.steps(lab, target, tag)
  if (kind.target === 'prefix' && target.kind === 'prefix') return kind.steps(lab, target, tag)
  throw meshSwarmError('INVALID_INPUT', `${kind.id} strikes a ${kind.target}, not a ${target.kind}`)
}
