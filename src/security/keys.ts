import { createPrivateKey, createPublicKey, type KeyObject, randomBytes, sign, verify } from 'node:crypto'
import { type Brand, meshSwarmError } from '../core/index.ts'

/** `ed25519/` and 64 hexadecimal digits, as tokens write it. */
export type PublicKey = Brand<string, 'PublicKey'>

/** Ed25519 (RFC 8032). Holders, approvers and the root of authority all have one. */
export interface KeyPair {
  readonly publicKey: PublicKey
  readonly privateKey: KeyObject
}

const SEED_BYTES = 32
/** What stands before the seed in PKCS #8, and before the key in SubjectPublicKeyInfo (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI = Buffer.from('302a300506032b6570032100', 'hex')
const PREFIX = 'ed25519/'

/** Throws INVALID_INPUT for what is no Ed25519 public key in text. */
export function publicKey(text: string): PublicKey {
  if (!/^ed25519\/[0-9a-f]{64}$/.test(text))
    throw meshSwarmError('INVALID_INPUT', 'A public key is "ed25519/" and 64 hexadecimal digits.')
  return text as PublicKey
}

/** The key without the name of its algorithm. */
export function hexOf(key: PublicKey): string {
  return key.slice(PREFIX.length)
}

/** A new pair, or that of a seed of 32 bytes. */
export function keyPair(seed: Uint8Array = randomBytes(SEED_BYTES)): KeyPair {
  if (seed.length !== SEED_BYTES)
    throw meshSwarmError('INVALID_INPUT', `The seed of a key has ${SEED_BYTES} bytes, not ${seed.length}.`)
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: 'der', type: 'pkcs8' })
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return { privateKey, publicKey: publicKey(PREFIX + spki.subarray(SPKI.length).toString('hex')) }
}

/** The secret itself: whoever reads it can sign for its owner. */
export function seedOf({ privateKey }: KeyPair): Buffer {
  return privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(PKCS8.length)
}

export function signWith({ privateKey }: KeyPair, message: Uint8Array): Buffer {
  return sign(null, message, privateKey)
}

/** False for whatever is no signature of this key over this message. */
export function verifies(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  const der = Buffer.concat([SPKI, Buffer.from(hexOf(key), 'hex')])
  return verify(null, message, createPublicKey({ key: der, format: 'der', type: 'spki' }), signature)
}
