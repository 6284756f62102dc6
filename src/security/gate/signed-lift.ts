import { z } from 'zod'
import { type IncidentId, incidentId, meshSwarmError } from '../../core/index.ts'
import { type KeyPair, type PublicKey, signWith, verifies } from '../keys.ts'

/** A person's word, by the authority, that what nodes have found about somebody is seen to. */
export interface SignedLift {
  /** Id of the one verdict that it ends; no later one has the same. */
  readonly lifted: IncidentId
  /** Who decided it, for people. */
  readonly by: string
  /** Ed25519 (RFC 8032) by the root key, in base64. */
  readonly signature: string
}

const Content = z.strictObject({
  lifted: z.string().min(1).max(200).transform(incidentId),
  by: z.string().trim().min(1).max(200),
})
const Schema = Content.extend({ signature: z.base64().max(200) })

/** Throws INVALID_INPUT without a verdict or a name. */
export function signLift(verdict: string, by: string, root: KeyPair): SignedLift {
  const parsed = Content.safeParse({ lifted: verdict, by })
  if (!parsed.success)
    throw meshSwarmError(
      'INVALID_INPUT',
      `A suspension is lifted by somebody: ${z.prettifyError(parsed.error)}`,
    )
  const { lifted, by: name } = parsed.data
  return { lifted, by: name, signature: signWith(root, bytesOf(lifted, name)).toString('base64') }
}

/** Throws INVALID_INPUT for what is no lift, ACTION_DENIED for one that this root key has not signed. */
export function openLift(value: unknown, root: PublicKey): SignedLift {
  const parsed = Schema.safeParse(value)
  if (!parsed.success)
    throw meshSwarmError('INVALID_INPUT', `This lifts nothing: ${z.prettifyError(parsed.error)}`)
  const { lifted, by, signature } = parsed.data
  if (verifies(root, bytesOf(lifted, by), Buffer.from(signature, 'base64'))) return parsed.data
  throw meshSwarmError('ACTION_DENIED', 'The lift is not signed by the root key.', {
    details: { reason: 'signature', lifted },
  })
}

/** The same bytes for the same lift, and for no other kind of message that the root key may sign. */
function bytesOf(lifted: IncidentId, by: string): Buffer {
  return Buffer.from(JSON.stringify(['meshswarm lift 1', lifted, by]))
}
