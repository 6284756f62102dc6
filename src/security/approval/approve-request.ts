import { type Clock, meshSwarmError } from '../../core/index.ts'
import {
  type Capability,
  type CapabilityEngine,
  CapabilityNarrower,
  type KeyPair,
  type PublicKey,
} from '../capability/index.ts'
import type { ApprovalRequest } from './approval-request.ts'

export interface ApproveComponents {
  readonly engine: CapabilityEngine
  readonly clock: Clock
  /** Whose token it has to be. */
  readonly root: PublicKey
}

/**
 * Looks whether a request may still be approved, and says whose capability it is about. Rejects CONFLICT for one that is
 * over, INVALID_INPUT for a token of another root, or one without the approvals that the request tells of.
 */
export async function checkRequest(
  components: ApproveComponents,
  request: ApprovalRequest,
  signal: AbortSignal,
): Promise<Capability> {
  const { engine, clock, root } = components
  const { token, until, approvedBy } = request
  const now = clock.now()
  if (now >= until)
    throw meshSwarmError('CONFLICT', `The request ended at ${iso(until)}: ask for the plan anew.`, {
      details: { until },
    })
  const capability = await engine.read(token, root, signal)
  const ends = (capability.lineage.at(-1) ?? capability.lineage[0]).scope.until
  if (now >= ends)
    throw meshSwarmError('CONFLICT', `The capability of ${capability.agent} ended at ${iso(ends)}.`, {
      details: { until: ends },
    })
  const given = new Set(await approversAmong(components, request, approvedBy, signal))
  const claimed = approvedBy.find((one) => !given.has(one))
  if (claimed !== undefined)
    throw meshSwarmError(
      'INVALID_INPUT',
      `The request says that ${claimed} has approved it: that is not so.`,
      {
        details: { claimed },
      },
    )
  return capability
}

/**
 * The request with one approval more, and nothing else changed. Rejects as `checkRequest` does, and CONFLICT where this
 * key has approved it already: two approvals are two persons.
 */
export async function approveRequest(
  components: ApproveComponents,
  request: ApprovalRequest,
  approver: KeyPair,
  signal: AbortSignal,
): Promise<ApprovalRequest> {
  await checkRequest(components, request, signal)
  const { publicKey } = approver
  if ((await approversAmong(components, request, [publicKey], signal)).length > 0)
    throw meshSwarmError('CONFLICT', `${publicKey} has approved this already: it takes another person.`, {
      details: { approver: publicKey },
    })
  const { plan, nodes, until } = request
  const narrower = new CapabilityNarrower(components)
  const { token } = await narrower.approve(request.token, { plan, nodes, until }, approver, signal)
  return {
    ...request,
    token,
    approvedBy: [...request.approvedBy, publicKey],
  }
}

function approversAmong(
  { engine, clock, root }: ApproveComponents,
  { token, plan, nodes }: ApprovalRequest,
  approvers: readonly PublicKey[],
  signal: AbortSignal,
): Promise<readonly PublicKey[]> {
  return engine.approvers(token, root, { plan, nodes, approvers }, clock.now(), signal)
}

function iso(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`
}
