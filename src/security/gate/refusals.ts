import { type MeshSwarmError, meshSwarmError } from '../../core/index.ts'
import type { AuthorityReason } from '../oracle/index.ts'

/** `reason` goes into the details: a name for programs, and for the audit log. */
export function refused(reason: string, why: string): MeshSwarmError {
  return meshSwarmError('ACTION_DENIED', `Not allowed: ${why}`, { details: { reason } })
}

/** The name of what stood in the way. */
export function reasonOf({ code, details }: MeshSwarmError): string {
  const { reason, budget } = details as { readonly reason?: unknown; readonly budget?: unknown }
  return String(reason ?? budget ?? code)
}

const OUT_OF_SCOPE: ReadonlySet<string> = new Set(['action', 'node', 'region', 'tier'])
const UNPROVEN: ReadonlySet<string> = new Set(['holder', 'replay'])

/** What a refusal says about who asked. */
export function authorityReason(error: MeshSwarmError, ownToken: string): AuthorityReason {
  const reason = reasonOf(error)
  if (OUT_OF_SCOPE.has(reason)) return 'out-of-scope'
  if (UNPROVEN.has(reason)) return 'unproven'
  return reason === 'blast' && error.details.subject === ownToken ? 'own-budget' : 'other'
}
