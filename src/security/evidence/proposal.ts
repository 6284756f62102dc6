import {
  type Brand,
  type Evidence,
  err,
  meshSwarmError,
  type NodeId,
  ok,
  type Result,
} from '../../core/index.ts'
import { describeAction, type MeshAction, type MeshSnapshot, riskTier } from '../../mesh/index.ts'
import type { PolicyDecision, PolicyManager } from '../policy/policy-manager.ts'
import type { PolicyRequest } from '../policy/request.ts'
import { inMesh } from './in-mesh.ts'
import { readAction } from './read-action.ts'

export interface ProposalComponents {
  readonly policy: Pick<PolicyManager, 'decide'>
}

/** Who proposes, and how things are. From whoever knows it: nothing here is ever read out of a text. */
export interface ProposalCircumstances
  extends Pick<
    PolicyRequest,
    'agent' | 'mode' | 'at' | 'epoch' | 'approvals' | 'nodesWritten' | 'nodesAllowed'
  > {
  readonly snapshot: MeshSnapshot
  readonly regionsOf: (node: NodeId) => readonly string[]
}

/** An action that a text asked for and policy permits. Only `propose` makes one. It is no permission to act. */
export type Proposal = Brand<
  {
    readonly action: MeshAction
    readonly agent: PolicyRequest['agent']['id']
    readonly evidence: Evidence
    readonly decision: PolicyDecision
  },
  'Proposal'
>

/**
 * The one way from a text to an action. The text has to be one action of the closed list and nothing else
 * (INVALID_ACTION), about this mesh (NODE_NOT_FOUND, INVALID_ACTION), and policy has to permit it, knowing from which
 * channels it came (ACTION_DENIED).
 */
export function propose(
  evidence: Evidence,
  { policy }: ProposalComponents,
  { snapshot, regionsOf, ...circumstances }: ProposalCircumstances,
): Result<Proposal> {
  const read = readAction(evidence)
  const found = read.ok ? inMesh(read.value, snapshot) : read
  if (!found.ok) return found
  const action = found.value
  const decision = policy.decide({
    ...circumstances,
    node: { id: action.node, regions: regionsOf(action.node) },
    asks: { operation: 'apply', action: action.kind },
    tier: riskTier(action),
    evidence: evidence.channels,
    meshNodes: snapshot.nodes.size,
  })
  if (!decision.allowed) {
    const words = `Not allowed: ${describeAction(action)} (risk tier ${riskTier(action)}). ${decision.why}`
    return err(meshSwarmError('ACTION_DENIED', words))
  }
  const agent = circumstances.agent.id
  return ok(Object.freeze({ action, agent, evidence, decision }) as Proposal)
}
