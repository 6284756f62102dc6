import { agentId, changeId, nodeId, sequentialIds, VirtualClock } from '../../../src/core/index.ts'
import type { GateAsk, MeshAction, Proof } from '../../../src/mesh/index.ts'
import {
  AntiMeaveOracle,
  AuthorityGate,
  type AuthorityGateOptions,
  AuthorityLimits,
  BiscuitEngine,
  CapabilityManager,
  DEFAULT_POLICY,
  EpochGuard,
  type GateDecision,
  keyPair,
  MemoryEpochStore,
  PolicyManager,
  SwarmAuthority,
  type SwarmAuthorityOptions,
  signEpoch,
} from '../../../src/security/index.ts'

export const NEVER = new AbortController().signal
export const A1 = agentId('executor-1')
export const A2 = agentId('executor-2')
export const A3 = agentId('executor-3')
const START = Date.UTC(2026, 5, 1, 12)

export const restart = (node: string): MeshAction => ({ kind: 'restart-daemon', node: nodeId(node) })
export const cost = (node: string, rxcost = 500): MeshAction => ({
  ...{ kind: 'set-link-cost', node: nodeId(node), iface: 'eth0', rxcost, previous: 96 },
})

let changes = 0
export function applying(action: MeshAction): Extract<GateAsk, { operation: 'apply' }> {
  const change = changeId(`c${++changes}`)
  return { operation: 'apply', action, change, confirmWithinMs: 10_000, reason: 'incident-1' }
}
export function ending(operation: 'confirm' | 'rollback', action: MeshAction): GateAsk {
  return { operation, action, change: changeId(`c${++changes}`) }
}

/** An agent shows its own token for it, not one that it has narrowed: what it may not ask for reaches the gate. */
export function hastening(...nodes: string[]): GateAsk {
  return { operation: 'hasten', nodes: nodes.map(nodeId), forMs: 100 }
}

export interface GateSetUp {
  readonly nodes?: number
  readonly policy?: readonly string[]
  readonly gate?: Partial<AuthorityGateOptions>
  readonly swarm?: Partial<SwarmAuthorityOptions>
  readonly onDecision?: (decision: GateDecision) => unknown
}

/** A gate as nodes have it, under an authority that is here as well, in epoch 1. */
export async function openGate({
  nodes = 100,
  policy = [DEFAULT_POLICY],
  gate = {},
  swarm = {},
  onDecision,
}: GateSetUp = {}) {
  const clock = new VirtualClock({ startAt: START })
  const ids = sequentialIds()
  const root = keyPair()
  const engine = new BiscuitEngine({ clock })
  const decisions: GateDecision[] = []
  const revocations: unknown[] = []
  const limits = new AuthorityLimits(
    { clock, meshSize: () => nodes, groupsOf: () => [] },
    { networkLeast: 6, networkShare: 0.05 },
  )
  const guard = await EpochGuard.open(
    { clock, store: new MemoryEpochStore() },
    { rootPublicKey: root.publicKey },
  )
  const oracle = new AntiMeaveOracle({ ids, onVerdict: () => undefined }, { looksAreTold: false })
  const made = new AuthorityGate(
    {
      ...{ clock, engine, root: root.publicKey, guard, limits, oracle },
      policy: await PolicyManager.open({ ids }, { paths: policy }),
      onDecision: async (decision) => {
        decisions.push(decision)
        await onDecision?.(decision)
      },
      onRevoked: (statement) => revocations.push(statement),
    },
    { session: 'session-1', meshSize: () => nodes, ...gate },
  )
  const manager = new CapabilityManager({ engine, clock, root })
  const authority = new SwarmAuthority({ clock, manager, ids }, { nodes: 'all', blastRadius: 50, ...swarm })
  let number = 0
  const epoch = (state: 'running' | 'halted' = 'running') =>
    made.tell(signEpoch({ number: ++number, state, issuedAt: clock.now(), reason: 'test' }, root))
  await epoch()
  const prove = (agent: typeof A1, ask: GateAsk): Promise<Proof> =>
    authority.prover(agent, ask)(made.state, NEVER)
  const admit = async (agent: typeof A1, ask: GateAsk) => made.admit(ask, await prove(agent, ask), NEVER)
  return {
    ...{
      clock,
      ids,
      root,
      engine,
      guard,
      limits,
      oracle,
      gate: made,
      manager,
      authority,
      decisions,
      revocations,
    },
    ...{ epoch, prove, admit },
    [Symbol.asyncDispose]: () => engine.close(),
  }
}
