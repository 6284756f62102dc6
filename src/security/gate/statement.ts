import { meshSwarmError } from '../../core/index.ts'
import { openRevocation, type PublicKey } from '../capability/index.ts'
import { openEpoch, type SignedEpoch } from '../epoch/signed-epoch.ts'

/** What the authority says to every node, whoever brings it. */
export type Statement =
  | { readonly kind: 'epoch'; readonly signed: SignedEpoch }
  | { readonly kind: 'revocation'; readonly id: string; readonly signed: unknown }

/** Throws INVALID_INPUT for what is no statement, ACTION_DENIED for one that the root has not signed. */
export function openStatement(value: unknown, root: PublicKey): Statement {
  if (typeof value === 'object' && value !== null) {
    if ('epoch' in value) return { kind: 'epoch', signed: openEpoch(value, root) }
    if ('revoked' in value)
      return { kind: 'revocation', id: openRevocation(value, root).revoked, signed: value }
  }
  throw meshSwarmError('INVALID_INPUT', 'This is no statement of an authority: no epoch, and no revocation.')
}
