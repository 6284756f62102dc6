import type { Suspension } from '../../mesh/index.ts'
import type { Verdict } from '../oracle/index.ts'

/** What people are told of a verdict. */
export function suspensionOf({ id, title, openedAt, suspended, agents, evidence }: Verdict): Suspension {
  return { id, title, openedAt, suspended, agents, evidence: evidence.map(({ text }) => text) }
}
