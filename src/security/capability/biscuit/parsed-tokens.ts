import { hexOf, type PublicKey } from '../../keys.ts'
import { type Chain, readChain } from '../chain.ts'
import type { BiscuitLibrary } from './load.ts'

type Token = BiscuitLibrary['Biscuit']['prototype']

export interface ParsedToken {
  readonly token: Token
  readonly chain: Chain
}

/** More characters than this are no token of ours. */
const LONGEST = 65_536

export type Unparsed = 'malformed' | 'signature'

/** Tokens whose signatures have been verified, the most recently used ones: that is the greater part of a decision. */
export class ParsedTokens {
  readonly #library: BiscuitLibrary
  readonly #capacity: number
  readonly #parsed = new Map<string, ParsedToken>()

  constructor(library: BiscuitLibrary, capacity: number) {
    this.#library = library
    this.#capacity = capacity
  }

  get(text: string, root: PublicKey): ParsedToken | Unparsed {
    const key = `${root} ${text}`
    const known = this.#parsed.get(key)
    const parsed = known ?? this.#parse(text, root)
    if (typeof parsed === 'string') return parsed
    this.#parsed.delete(key)
    this.#parsed.set(key, parsed)
    if (this.#parsed.size > this.#capacity) this.#forgetOldest()
    return parsed
  }

  #forgetOldest(): void {
    const [oldest] = this.#parsed
    if (!oldest) return
    this.#parsed.delete(oldest[0])
    oldest[1].token.free()
  }

  #parse(text: string, root: PublicKey): ParsedToken | Unparsed {
    if (text.length > LONGEST) return 'malformed'
    const { Biscuit, PublicKey: Key, SignatureAlgorithm } = this.#library
    const key = Key.fromString(hexOf(root), SignatureAlgorithm.Ed25519)
    let token: Token
    try {
      token = Biscuit.fromBase64(text, key)
    } catch (thrown) {
      if (thrown instanceof Error) throw thrown
      return isSignatureError(thrown) ? 'signature' : 'malformed'
    } finally {
      key.free()
    }
    const ids: readonly string[] = token.getRevocationIdentifiers()
    const chain = readChain(
      ids.map((revocationId, index) => ({ revocationId, source: token.getBlockSource(index) })),
    )
    if (chain) return { token, chain }
    token.free()
    return 'malformed'
  }
}

/** The library throws plain objects for what is wrong with a token, and errors for what is wrong with itself. */
function isSignatureError(thrown: unknown): boolean {
  const { Format: format } = Object(thrown) as { readonly Format?: unknown }
  return Object.hasOwn(Object(format), 'Signature')
}
