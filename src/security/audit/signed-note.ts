import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto'
import { meshSwarmError } from '../../core/index.ts'
import { fromBase64 } from './base64.ts'

/** Ed25519 among the signature types of C2SP's signed-note. */
const ED25519 = Buffer.of(1)
const KEY_BYTES = 32
const ID_BYTES = 4
/** What stands before the 32 bytes of an Ed25519 key in DER: private (PKCS 8) and public (SPKI). */
const PRIVATE_DER = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_DER = Buffer.from('302a300506032b6570032100', 'hex')
const SIGNATURE = /^\u2014 (\S+) (\S+)$/u
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what a note must not have
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/

/** The public half of a key for notes (C2SP signed-note): what a verifier has to know, and to get by another way. */
export class NoteVerifier {
  readonly name: string
  /** `NAME+ID+KEY`, as Go's sumdb/note and others write it. */
  readonly text: string
  readonly #key: KeyObject
  readonly #id: Buffer

  constructor(name: string, key: KeyObject) {
    if (!/^[^\s+]+$/u.test(name))
      throw meshSwarmError('INVALID_INPUT', 'The name of a key has no blanks and no plus.')
    const raw = key.export({ format: 'der', type: 'spki' }).subarray(-KEY_BYTES)
    this.name = name
    this.#key = key
    const id = createHash('sha256').update(`${name}\n`).update(ED25519).update(raw).digest()
    this.#id = id.subarray(0, ID_BYTES)
    this.text = `${name}+${this.#id.toString('hex')}+${Buffer.concat([ED25519, raw]).toString('base64')}`
  }

  /** Throws INVALID_INPUT for anything but a public key as `text` gives it. */
  static parse(text: string): NoteVerifier {
    const { name, raw } = partsOf(text.split('+'), 'public')
    const key = createPublicKey({ key: Buffer.concat([PUBLIC_DER, raw]), format: 'der', type: 'spki' })
    const verifier = new NoteVerifier(name, key)
    if (verifier.text !== text) throw noKey('public')
    return verifier
  }

  /** The text of a note that this key has signed; undefined where it has not. Others may have signed it as well. */
  open(note: string): string | undefined {
    const split = note.lastIndexOf('\n\n')
    if (split < 0 || !note.endsWith('\n') || CONTROL.test(note) || !note.isWellFormed()) return undefined
    const text = note.slice(0, split + 1)
    const signatures = note
      .slice(split + 2, -1)
      .split('\n')
      .map((line) => SIGNATURE.exec(line))
    const own: boolean[] = []
    for (const found of signatures) {
      const signature = found && fromBase64(found[2] ?? '')
      if (!signature) return undefined
      if (found[1] !== this.name || !signature.subarray(0, ID_BYTES).equals(this.#id)) continue
      own.push(verify(null, Buffer.from(text), this.#key, signature.subarray(ID_BYTES)))
    }
    return own.length > 0 && own.every((good) => good) ? text : undefined
  }

  /** The line that `NoteSigner` puts under a text. */
  signatureLine(signature: Buffer): string {
    return `\u2014 ${this.name} ${Buffer.concat([this.#id, signature]).toString('base64')}\n`
  }
}

/** The private half. */
export class NoteSigner {
  readonly verifier: NoteVerifier
  readonly #key: KeyObject

  private constructor(name: string, key: KeyObject) {
    this.#key = key
    this.verifier = new NoteVerifier(name, createPublicKey(key))
  }

  /** A new key, from the system's own randomness. */
  static generate(name: string): NoteSigner {
    return new NoteSigner(name, generateKeyPairSync('ed25519').privateKey)
  }

  /** Throws INVALID_INPUT for anything but a private key as `secret` gives it. */
  static parse(text: string): NoteSigner {
    const [first, second, ...rest] = text.split('+')
    if (first !== 'PRIVATE' || second !== 'KEY') throw noKey('secret')
    const { name, raw } = partsOf(rest, 'secret')
    const key = createPrivateKey({ key: Buffer.concat([PRIVATE_DER, raw]), format: 'der', type: 'pkcs8' })
    const signer = new NoteSigner(name, key)
    if (signer.secret !== text) throw noKey('secret')
    return signer
  }

  /** `PRIVATE+KEY+NAME+ID+KEY`. Whoever has it can sign. */
  get secret(): string {
    const raw = this.#key.export({ format: 'der', type: 'pkcs8' }).subarray(-KEY_BYTES)
    const [name, id] = this.verifier.text.split('+')
    return `PRIVATE+KEY+${name}+${id}+${Buffer.concat([ED25519, raw]).toString('base64')}`
  }

  /** The text with a signature line below it. The text ends with a line feed. */
  sign(text: string): string {
    return `${text}\n${this.verifier.signatureLine(sign(null, Buffer.from(text), this.#key))}`
  }
}

/** The base64 part may hold a plus. */
function partsOf([name = '', _id, ...rest]: readonly string[], which: 'public' | 'secret') {
  const key = fromBase64(rest.join('+'))
  if (key?.length !== KEY_BYTES + 1 || key[0] !== ED25519[0]) throw noKey(which)
  return { name, raw: key.subarray(1) }
}

function noKey(which: 'public' | 'secret') {
  const form = which === 'public' ? 'NAME+ID+KEY' : 'PRIVATE+KEY+NAME+ID+KEY'
  return meshSwarmError('INVALID_INPUT', `This is no ${which} key for notes (${form}).`)
}
