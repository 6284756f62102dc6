import { z } from 'zod'
import { meshSwarmError } from '../../core/index.ts'
import { type KeyPair, type PublicKey, signWith, verifies } from '../keys.ts'

/** What the authority says of the whole mesh. A later one counts more than an earlier one, whoever brings it. */
export interface Epoch {
  /** Only ever grows: there is one of each number. */
  readonly number: number
  /** `halted`: nobody changes anything, anywhere, until a later epoch says `running`. */
  readonly state: 'running' | 'halted'
  /** By the clock of the authority, in ms. */
  readonly issuedAt: number
  /** For people. */
  readonly reason: string
}

export interface SignedEpoch {
  readonly epoch: Epoch
  /** Ed25519 (RFC 8032) by the root key, in base64. */
  readonly signature: string
}

const Schema = z.strictObject({
  epoch: z.strictObject({
    number: z.int().min(1),
    state: z.enum(['running', 'halted']),
    issuedAt: z.number().min(0),
    reason: z.string().max(1000),
  }),
  signature: z.base64().max(200),
})

export function signEpoch(epoch: Epoch, root: KeyPair): SignedEpoch {
  return { epoch, signature: signWith(root, bytesOf(epoch)).toString('base64') }
}

/** Throws INVALID_INPUT for what is no epoch, ACTION_DENIED for one that this root key has not signed. */
export function openEpoch(value: unknown, root: PublicKey): SignedEpoch {
  const parsed = Schema.safeParse(value)
  if (!parsed.success)
    throw meshSwarmError('INVALID_INPUT', `This is no epoch: ${z.prettifyError(parsed.error)}`)
  const { epoch, signature } = parsed.data
  if (verifies(root, bytesOf(epoch), Buffer.from(signature, 'base64'))) return parsed.data
  throw meshSwarmError('ACTION_DENIED', `Epoch ${epoch.number} is not signed by the root key.`, {
    details: { reason: 'signature', epoch: epoch.number },
  })
}

/** The same bytes for the same epoch, and for no other kind of message that the root key may sign. */
function bytesOf({ number, state, issuedAt, reason }: Epoch): Buffer {
  return Buffer.from(JSON.stringify(['meshswarm epoch 1', number, state, issuedAt, reason]))
}
