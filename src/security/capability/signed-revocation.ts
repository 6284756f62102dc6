import { z } from 'zod'
import { meshSwarmError } from '../../core/index.ts'
import { type KeyPair, type PublicKey, signWith, verifies } from '../keys.ts'

/** The authority's word that a block counts no more, and nothing that descends from it. There is no way back. */
export interface SignedRevocation {
  /** The block's revocation id. */
  readonly revoked: string
  /** Ed25519 (RFC 8032) by the root key, in base64. */
  readonly signature: string
}

const ID = /^[0-9a-f]{128}$/

const Schema = z.strictObject({ revoked: z.string().regex(ID), signature: z.base64().max(200) })

/** Throws INVALID_INPUT for what is no revocation id. */
export function signRevocation(id: string, root: KeyPair): SignedRevocation {
  if (!ID.test(id)) throw meshSwarmError('INVALID_INPUT', 'A revocation id is 128 hexadecimal digits.')
  return { revoked: id, signature: signWith(root, bytesOf(id)).toString('base64') }
}

/** Throws INVALID_INPUT for what is no revocation, ACTION_DENIED for one that this root key has not signed. */
export function openRevocation(value: unknown, root: PublicKey): SignedRevocation {
  const parsed = Schema.safeParse(value)
  if (!parsed.success)
    throw meshSwarmError('INVALID_INPUT', `This is no revocation: ${z.prettifyError(parsed.error)}`)
  const { revoked, signature } = parsed.data
  if (verifies(root, bytesOf(revoked), Buffer.from(signature, 'base64'))) return parsed.data
  throw meshSwarmError('ACTION_DENIED', 'The revocation is not signed by the root key.', {
    details: { reason: 'signature', revoked },
  })
}

/** The same bytes for the same id, and for no other kind of message that the root key may sign. */
function bytesOf(id: string): Buffer {
  return Buffer.from(JSON.stringify(['meshswarm revocation 1', id]))
}
