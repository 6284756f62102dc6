import { hexOf, type PublicKey } from '../../keys.ts'
import { blockSource, checkSubject, date, set, termsSource } from '../block.ts'
import type {
  ApprovalsAsk,
  ApproversAsk,
  BlockContent,
  CapabilityAsk,
  CapabilityTerms,
  Denied,
  DenyReason,
  EngineAnswer,
} from '../engine.ts'
import { isPlan } from '../plan-hash.ts'
import { isName } from '../scope.ts'
import type { BiscuitLibrary } from './load.ts'
import { type ParsedToken, ParsedTokens, type Unparsed } from './parsed-tokens.ts'
import type { Operation, Outcome, SignerSeed } from './protocol.ts'

/**
 * Facts and rounds bound the work. The time limit is for what they do not: the library's own, 1 ms, is exceeded by good
 * tokens on a busy machine, and 100 ms by the first one on a new thread.
 */
const LIMITS = { max_facts: 1000, max_iterations: 100, max_time_micro: 2_000_000 }

type Authorizer = BiscuitLibrary['Authorizer']['prototype']

/** Does the operations on one instance of the library. What it throws leaves the instance in an unknown state. */
export class Operations {
  readonly #library: BiscuitLibrary
  readonly #tokens: ParsedTokens

  constructor(library: BiscuitLibrary, { parsed }: { readonly parsed: number }) {
    this.#library = library
    this.#tokens = new ParsedTokens(library, parsed)
  }

  do(operation: Operation): Outcome {
    if (operation.kind === 'mint') return this.#mint(operation.root, operation.terms)
    const parsed = this.#tokens.get(operation.token, operation.root)
    switch (operation.kind) {
      case 'append':
        if (typeof parsed === 'string') return { kind: 'refused', why: NO_TOKEN[parsed] }
        return this.#append(parsed, operation.block, operation.signer)
      case 'read':
        if (typeof parsed === 'string') return { kind: 'refused', why: NO_TOKEN[parsed] }
        return { kind: 'capability', capability: parsed.chain.capability }
      case 'approvers':
        if (typeof parsed === 'string') return { kind: 'refused', why: NO_TOKEN[parsed] }
        return this.#approvers(parsed, operation.ask, operation.now)
      case 'authorise':
        return { kind: 'answer', answer: this.#authorise(parsed, operation.ask, operation.now) }
    }
  }

  #mint({ seed }: SignerSeed, terms: CapabilityTerms): Outcome {
    const { Biscuit, PrivateKey } = this.#library
    return freeing((freed) => {
      const builder = Biscuit.builder()
      builder.addCode(termsSource(terms))
      const key = freed.use(PrivateKey.fromString(`ed25519-private/${seed}`))
      return { kind: 'token', token: freed.use(builder.build(key)).toBase64() }
    })
  }

  #append({ token }: ParsedToken, content: BlockContent, signer: SignerSeed | undefined): Outcome {
    const { Biscuit, PrivateKey, PublicKey: Key, SignatureAlgorithm } = this.#library
    return freeing((freed) => {
      const block = freed.use(Biscuit.block_builder())
      block.addCode(blockSource(content))
      if (!signer) return { kind: 'token', token: freed.use(token.appendBlock(block)).toBase64() }
      const { seed, publicKey } = signer
      const secret = freed.use(PrivateKey.fromString(`ed25519-private/${seed}`))
      const key = freed.use(Key.fromString(hexOf(publicKey), SignatureAlgorithm.Ed25519))
      const signed = freed.use(token.getThirdPartyRequest().createBlock(secret, block))
      return { kind: 'token', token: freed.use(token.appendThirdPartyBlock(key, signed)).toBase64() }
    })
  }

  #authorise(parsed: ParsedToken | Unparsed, ask: CapabilityAsk, now: number): EngineAnswer {
    if (typeof parsed === 'string') return denied(parsed, NO_TOKEN[parsed])
    if (!isAskable(ask)) return denied('malformed', 'No capability can hold what is asked for.')
    const { token, chain } = parsed
    const builder = new this.#library.AuthorizerBuilder()
    const handed = chain.handovers.map(({ from, to }) => `check if handover("${to}") trusting ${from};`)
    builder.addCode([facts(ask, now), ...handed, 'allow if agent($agent);'].join('\n'))
    const authorizer = builder.buildAuthenticated(token)
    try {
      const refused = refusalOf(authorizer)
      if (refused)
        return this.#isGenuine(authorizer, parsed) ? { ...refused, capability: chain.capability } : refused
      const { plan, approvers, least } = ask.approvals ?? NO_APPROVALS
      const given = this.#given(authorizer, { plan, nodes: [ask.node], approvers })
      if (given.length < least)
        return denied('approvals', `It takes the approval of ${least} of ${approvers.length}.`)
      return { allowed: true, capability: chain.capability, approvers: given }
    } finally {
      authorizer.free()
    }
  }

  /** Whether each handover was signed by who held it: then its agents are who it says. */
  #isGenuine(authorizer: Authorizer, { chain }: ParsedToken): boolean {
    return chain.handovers.every(({ from, to }) =>
      this.#holds(authorizer, `told($key) <- handover($key), $key == "${to}" trusting ${from}`),
    )
  }

  #holds(authorizer: Authorizer, query: string): boolean {
    return freeing((freed) => {
      const rule = this.#library.Rule.fromString(query)
      const facts: readonly Disposable[] = authorizer.queryWithLimits(freed.use(rule), LIMITS)
      for (const fact of facts) freed.use(fact)
      return facts.length > 0
    })
  }

  #approvers({ token }: ParsedToken, ask: ApproversAsk, now: number): Outcome {
    const { plan, nodes } = ask
    if (!isPlan(plan) || nodes.length === 0 || !nodes.every(isName))
      return { kind: 'refused', why: 'A plan is approved by its hash, on its nodes.' }
    const builder = new this.#library.AuthorizerBuilder()
    builder.addCode(`time(${date(now)});`)
    const authorizer = builder.buildAuthenticated(token)
    try {
      return { kind: 'approvers', approvers: this.#given(authorizer, ask) }
    } finally {
      authorizer.free()
    }
  }

  /** The different keys that have approved the plan for the nodes in question, and still do. */
  #given(authorizer: Authorizer, { plan, nodes, approvers }: ApproversAsk): readonly PublicKey[] {
    return [...new Set(approvers)].filter((approver) =>
      this.#holds(
        authorizer,
        `granted($until) <- approved("${plan}", $nodes, $until), time($time), ` +
          `$nodes.contains(${set(nodes)}), $time < $until trusting ${approver}`,
      ),
    )
  }
}

const NO_APPROVALS: ApprovalsAsk = { plan: '', approvers: [], least: 0 }

const NO_TOKEN: Readonly<Record<Unparsed, string>> = {
  malformed: 'This is no capability of meshswarm.',
  signature: 'The capability was not signed by this root, or was changed.',
}

function facts({ action, node, regions, tier, epoch }: CapabilityAsk, now: number): string {
  const where = regions.map((region) => `region("${region}"); `).join('')
  return `action("${action}"); node("${node}"); ${where}tier(${tier}); epoch(${epoch}); time(${date(now)});`
}

/** What may stand in Datalog. */
function isAskable({ node, action, regions, tier, epoch, approvals }: CapabilityAsk): boolean {
  const names = [node, action, ...regions].every(isName)
  return (
    names &&
    (approvals === undefined || isCountable(approvals)) &&
    Number.isSafeInteger(tier) &&
    Number.isSafeInteger(epoch)
  )
}

/** A number that is none would demand nothing. */
function isCountable({ plan, least }: ApprovalsAsk): boolean {
  return isPlan(plan) && Number.isSafeInteger(least) && least >= 0
}

const REASONS: Readonly<Record<string, DenyReason>> = {
  action: 'action',
  node: 'node',
  region: 'region',
  time: 'expired',
  tier: 'tier',
  epoch: 'epoch',
  handover: 'handover',
}

interface FailedCheck {
  readonly Block?: { readonly block_id: number; readonly rule: string }
  readonly Authorizer?: { readonly rule: string }
}

interface LibraryError {
  readonly RunLimit?: unknown
  readonly FailedLogic?: { readonly Unauthorized?: { readonly checks: readonly FailedCheck[] } }
}

/** Undefined where it is allowed. */
function refusalOf(authorizer: Authorizer): Denied | undefined {
  try {
    authorizer.authorizeWithLimits(LIMITS)
    return undefined
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown
    return refusal(thrown)
  }
}

function refusal(thrown: unknown): Denied {
  const { RunLimit: limit, FailedLogic: logic } = Object(thrown) as LibraryError
  if (limit !== undefined) return denied('limits', 'The capability takes too much work to be judged.')
  const [failed] = logic?.Unauthorized?.checks ?? []
  const rule = failed?.Block?.rule ?? failed?.Authorizer?.rule ?? ''
  const at = failed?.Block?.block_id
  const reason = REASONS[checkSubject(rule)] ?? 'malformed'
  return denied(
    reason,
    `Block ${at ?? 'of a handover'} of the capability does not allow it: ${rule.slice(0, 500)}`,
  )
}

/** Frees what `work` has put there: the library's objects lie where no garbage collector comes. */
function freeing<T>(work: (freed: DisposableStack) => T): T {
  const freed = new DisposableStack()
  try {
    return work(freed)
  } finally {
    freed.dispose()
  }
}

function denied(reason: DenyReason, message: string): Denied {
  return { allowed: false, reason, message }
}
