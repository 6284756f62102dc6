import type { AgentId, EvidenceChannel, NodeId } from '../../core/index.ts'
import type { ActionKind, RiskTier } from '../../mesh/index.ts'
import type { Operation } from '../decision.ts'
import type { ControlMode } from '../node-controller.ts'
import type { Cedar } from './cedar.ts'

/** May this agent do that to this node, or be given a capability for it, as things are now? */
export interface PolicyRequest {
  readonly agent: {
    readonly id: AgentId
    /** Its kind, its swarm, its team. */
    readonly groups: readonly string[]
  }
  readonly node: {
    readonly id: NodeId
    readonly regions: readonly string[]
  }
  readonly asks:
    | { readonly operation: Operation; readonly action: ActionKind }
    | { readonly operation: 'mint'; readonly lifetimeMs: number }
  readonly mode: ControlMode
  /** Of the action; of a capability, the highest of its actions. */
  readonly tier: RiskTier
  /** Clock time in ms. */
  readonly at: number
  readonly epoch: number
  /** Persons who have signed for exactly this. */
  readonly approvals: readonly string[]
  /** Channels of the texts that it was read out of; empty for what was not. */
  readonly evidence: readonly EvidenceChannel[]
  /** Different nodes changed in the budget's window, this one included. */
  readonly nodesWritten: number
  /** How many may be, as those who answer for the nodes have laid down. */
  readonly nodesAllowed: number
  readonly meshNodes: number
}

type CedarRequest = Omit<Parameters<Cedar['isAuthorized']>[0], 'policies'>

interface Uid {
  readonly type: string
  readonly id: string
}

/** As Cedar wants it. It needs no schema: the one entity that the schema knows more of, the action, comes along. */
export function toCedar(request: PolicyRequest): CedarRequest {
  const { agent, node, asks } = request
  const principal: Uid = { type: 'Agent', id: agent.id }
  const resource: Uid = { type: 'Node', id: node.id }
  const action: Uid = { type: 'Action', id: asks.operation === 'mint' ? 'mint' : asks.action }
  const change = asks.operation === 'mint' ? [] : [{ type: 'Action', id: 'change' }]
  return {
    principal,
    action,
    resource,
    context: contextOf(request),
    entities: [
      entity(
        principal,
        agent.groups.map((id) => ({ type: 'Group', id })),
      ),
      entity(
        resource,
        node.regions.map((id) => ({ type: 'Region', id })),
      ),
      entity(action, change),
    ],
  }
}

function entity(uid: Uid, parents: readonly Uid[]) {
  return { uid, attrs: {}, parents: [...parents] }
}

function contextOf(request: PolicyRequest) {
  const { asks, mode, tier, at, epoch, approvals, evidence, nodesWritten, nodesAllowed, meshNodes } = request
  const persons = [...new Set(approvals)]
  const lifetime =
    asks.operation === 'mint' ? { lifetime: extension('duration', `${asks.lifetimeMs}ms`) } : {}
  return {
    operation: asks.operation,
    mode,
    time: extension('datetime', new Date(at).toISOString()),
    tier,
    epoch,
    approvals: persons.map((id) => ({ __entity: { type: 'Person', id } })),
    approvalCount: persons.length,
    evidence: [...evidence],
    nodesWritten,
    nodesAllowed,
    meshNodes,
    ...lifetime,
  }
}

function extension(fn: string, arg: string) {
  return { __extn: { fn, arg } }
}
