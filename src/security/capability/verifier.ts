import { paramsHash } from './canonical-json.ts'
import type { CapabilityAsk } from './engine.ts'
import { ReplayMemory } from './replay-memory.ts'
import { isSignedByHolder, parseRequest, type SignedRequest, tokenHash } from './request.ts'
import {
  type CapabilityDecision,
  denied,
  TokenJudge,
  type TokenJudgeComponents,
  type TokenJudgeOptions,
} from './token-judge.ts'

export interface CapabilityVerifierOptions extends TokenJudgeOptions {
  /** Requests have to name it. A new one, that cannot be guessed, at each start: no request outlives a restart. */
  readonly session: string
  /** How far the holder's clock may be from this one, either way. Default 10 s. */
  readonly skewMs?: number
  /** Requests that are remembered of one root token and its descendants. Default 10000. */
  readonly replays?: number
}

/** What somebody wants to do, as it will be done. */
export interface ActionAsk extends CapabilityAsk {
  /** All that the action is done with: the signature covers it. */
  readonly params: unknown
}

/**
 * The decision on the node that the action is for: the token allows it, and its holder has signed for exactly this, now,
 * once. It needs the root's public key and nobody's word. It denies whatever it cannot verify.
 */
export class CapabilityVerifier {
  readonly session: string
  readonly #components: TokenJudgeComponents
  readonly #judge: TokenJudge
  readonly #replays: ReplayMemory
  readonly #skewMs: number

  constructor(components: TokenJudgeComponents, options: CapabilityVerifierOptions) {
    const { session, skewMs = 10_000, replays = 10_000 } = options
    this.session = session
    this.#components = components
    this.#judge = new TokenJudge(components, options)
    this.#replays = new ReplayMemory(components, { keepMs: 2 * skewMs, capacity: replays })
    this.#skewMs = skewMs
  }

  /** As `TokenJudge.revoke`. */
  revoke(ids: Iterable<string>): void {
    this.#judge.revoke(ids)
  }

  /**
   * `request` may be anything that came in. A request that was allowed is denied from then on; one that was denied may
   * come again. Rejects CANCELLED on abort.
   */
  async verify(
    token: string,
    request: unknown,
    ask: ActionAsk,
    signal: AbortSignal,
  ): Promise<CapabilityDecision> {
    const parsed = parseRequest(request)
    if (!parsed) return denied('request', 'This is no signed request.')
    const mismatch = this.#mismatch(token, parsed, ask)
    if (mismatch !== undefined) return denied('request', `The request is for another ${mismatch}.`)
    const off = parsed.at - this.#components.clock.now()
    if (Math.abs(off) > this.#skewMs)
      return denied(
        'stale',
        `The request was signed ${Math.round(Math.abs(off))} ms ${off < 0 ? 'ago' : 'ahead'}.`,
      )
    if (!isSignedByHolder(parsed))
      return denied('holder', 'The signature is not that of the key in the request.')
    const once = `${parsed.holder} ${parsed.nonce}`
    if (!this.#replays.begin(once)) return denied('replay', 'The request was used before.')
    try {
      return await this.#decide(token, parsed, ask, once, signal)
    } finally {
      this.#replays.end(once)
    }
  }

  async #decide(
    token: string,
    { holder }: SignedRequest,
    ask: ActionAsk,
    once: string,
    signal: AbortSignal,
  ): Promise<CapabilityDecision> {
    const decision = await this.#judge.judge(token, ask, signal)
    if (!decision.allowed) return decision
    const { capability } = decision
    if (decision.holder !== holder)
      return { ...denied('holder', `The token is held by ${decision.holder}.`), capability }
    const [root] = capability.lineage
    if (!this.#replays.accept(root.id, once))
      return {
        ...denied('busy', 'There are more requests of this lineage than can be remembered.'),
        capability,
      }
    return decision
  }

  #mismatch(token: string, request: SignedRequest, ask: ActionAsk): string | undefined {
    if (request.session !== this.session) return 'session'
    if (request.action !== ask.action) return 'action'
    if (request.node !== ask.node) return 'node'
    if (request.token !== tokenHash(token)) return 'token'
    return request.params === paramsHash(ask.params) ? undefined : 'set of parameters'
  }
}
