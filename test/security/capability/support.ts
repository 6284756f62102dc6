import { agentId, type NodeId, nodeId, RealClock, VirtualClock } from '../../../src/core/index.ts'
import {
  type ActionAsk,
  BiscuitEngine,
  type BiscuitEngineOptions,
  type CapabilityEngine,
  CapabilityManager,
  CapabilityVerifier,
  type CapabilityVerifierOptions,
  type KeyPair,
  keyPair,
  type Scope,
  signRequest,
} from '../../../src/security/index.ts'

export const NEVER = new AbortController().signal
export const EPOCH = 7
export const NOW = Date.UTC(2026, 10, 28, 13, 0)

const seeded = (byte: number) => keyPair(new Uint8Array(32).fill(byte))
export const ROOT = seeded(1)
export const HOLDER = seeded(2)
export const CHILD = seeded(3)
export const THIEF = seeded(4)

export const nodes = (...names: readonly string[]): readonly NodeId[] => names.map(nodeId)

export const SCOPE: Scope = {
  actions: ['inspect', 'probe', 'set-link-cost'],
  nodes: nodes('12', '13', '40'),
  regions: [],
  until: NOW + 65 * 60_000,
  maxTier: 1,
  perMinute: 60,
  blast: { nodes: 5, windowMs: 600_000 },
}

export const ASK: ActionAsk = {
  action: 'probe',
  node: nodeId('12'),
  regions: [],
  tier: 0,
  epoch: EPOCH,
  params: { count: 5 },
}

/** With a deadline that a busy machine keeps. */
export function newEngine(options: BiscuitEngineOptions = {}): BiscuitEngine {
  return new BiscuitEngine({ clock: new RealClock() }, { deadlineMs: 30_000, ...options })
}

/** One root, one node, and everything that they need. */
export function setUp(engine: CapabilityEngine, options: Partial<CapabilityVerifierOptions> = {}) {
  const clock = new VirtualClock({ startAt: NOW })
  const manager = new CapabilityManager({ engine, clock, root: ROOT })
  const verifier = new CapabilityVerifier(
    { engine, clock, root: ROOT.publicKey },
    { session: 'first', ...options },
  )
  let nonce = 0
  const mint = (scope: Partial<Scope> = {}) =>
    manager.mint(
      { agent: agentId('monitor-7'), holder: HOLDER.publicKey, epoch: EPOCH, scope: { ...SCOPE, ...scope } },
      NEVER,
    )
  const sign = (token: string, by: KeyPair = HOLDER, ask: ActionAsk = ASK) =>
    signRequest(
      { token, ask, params: ask.params, session: verifier.session, nonce: `n${nonce++}`, at: clock.now() },
      by,
    )
  /** Whether it is allowed, or why not. */
  const verify = async (token: string, request: unknown, ask: ActionAsk = ASK) => {
    const decision = await verifier.verify(token, request, ask, NEVER)
    return decision.allowed ? 'allowed' : decision.reason
  }
  const use = (token: string, by: KeyPair = HOLDER, ask: ActionAsk = ASK) =>
    verify(token, sign(token, by, ask), ask)
  return { clock, manager, verifier, mint, sign, verify, use }
}

/** The fields of a message of Protocol Buffers, all of them with a length. */
export function fieldsOf(bytes: Buffer): readonly Buffer[] {
  const fields: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const start = at
    at++
    let length = 0
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0
      length |= (byte & 127) << shift
      if (byte < 128) break
    }
    at += length
    fields.push(bytes.subarray(start, at))
  }
  return fields
}
