import { hash } from 'node:crypto'
import { z } from 'zod'
import { type KeyPair, publicKey, signWith, verifies } from '../keys.ts'
import { paramsHash } from './canonical-json.ts'
import type { CapabilityAsk } from './engine.ts'

/** What the holder of a token signs for one action: nobody else can use the token, and nobody can use this twice. */
export interface SignedRequest {
  /** SHA-256 of the token's text. */
  readonly token: string
  readonly holder: string
  readonly action: string
  readonly node: string
  /** SHA-256 of the parameters in canonical JSON. */
  readonly params: string
  /** The verifier's, which is another one after each of its starts: what was signed before counts no more. */
  readonly session: string
  readonly nonce: string
  /** The holder's clock, in whole ms. */
  readonly at: number
  /** Base64url, of the holder, over all of the above. */
  readonly signature: string
}

export interface RequestContent {
  readonly token: string
  readonly ask: Pick<CapabilityAsk, 'action' | 'node'>
  readonly params: unknown
  readonly session: string
  readonly nonce: string
  readonly at: number
}

const DOMAIN = 'meshswarm request 1'
const digest = z.string().regex(/^[0-9a-f]{64}$/)
const text = z.string().min(1).max(200)

const requestSchema = z.strictObject({
  token: digest,
  holder: z.string().regex(/^ed25519\/[0-9a-f]{64}$/),
  action: text,
  node: text,
  params: digest,
  session: text,
  nonce: text,
  at: z.int(),
  signature: z.string().regex(/^[\w-]{86}$/),
})

/** Signs for the holder. `params` is what the action is done with, all of it. */
export function signRequest(
  { token, ask, params, session, nonce, at }: RequestContent,
  holder: KeyPair,
): SignedRequest {
  const unsigned = {
    token: tokenHash(token),
    holder: holder.publicKey,
    action: ask.action,
    node: ask.node,
    params: paramsHash(params),
    session,
    nonce,
    at: Math.floor(at),
  }
  return { ...unsigned, signature: signWith(holder, signedBytes(unsigned)).toString('base64url') }
}

/** Undefined for what has not the form of a request. It proves nothing yet. */
export function parseRequest(value: unknown): SignedRequest | undefined {
  return requestSchema.safeParse(value).data
}

export function isSignedByHolder(request: SignedRequest): boolean {
  return verifies(
    publicKey(request.holder),
    signedBytes(request),
    Buffer.from(request.signature, 'base64url'),
  )
}

export function tokenHash(token: string): string {
  return hash('sha256', token)
}

function signedBytes(request: Omit<SignedRequest, 'signature'>): Buffer {
  const { token, holder, action, node, params, session, nonce, at } = request
  return Buffer.from(JSON.stringify([DOMAIN, token, holder, action, node, params, session, nonce, at]))
}
