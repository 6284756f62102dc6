import { z } from 'zod'
import { meshSwarmError, type NodeId, nodeId } from '../../core/index.ts'
import { ActionSchema, describeAction, type MeshAction } from '../../mesh/index.ts'
import { type PublicKey, planHash, publicKey } from '../capability/index.ts'

/** What persons are asked to approve, one after another: a plan, and the token of whoever will carry it out. */
export interface ApprovalRequest {
  readonly version: 1
  /** Each approval is a block more in it. It is no secret: using it takes its holder's signature. */
  readonly token: string
  /** To be read and hashed. As data: a file is no door to an action, whoever carries the plan out has them. */
  readonly actions: readonly object[]
  /** The hash of the actions: what is signed. */
  readonly plan: string
  /** Those of the actions. */
  readonly nodes: readonly NodeId[]
  /** Clock time in ms. Neither the request nor an approval counts from then on. */
  readonly until: number
  /** Why, as whoever asks says it. Nobody has verified it. */
  readonly reason: string
  /** The actions for people, one each. */
  readonly words: readonly string[]
  /** Whose approval is in the token, in their order. */
  readonly approvedBy: readonly PublicKey[]
}

export interface ApprovalRequestContent extends Pick<ApprovalRequest, 'token' | 'until' | 'reason'> {
  readonly actions: readonly MeshAction[]
}

/** A name that a token can hold, and without characters that nobody sees: a person is to read what they sign. */
const node = z
  .string()
  .regex(/^[^"\\\p{C}\p{Zl}\p{Zp}]{1,200}$/u, 'no name of a node')
  .transform((text): NodeId => nodeId(text))

const Schema = z.strictObject({
  version: z.literal(1),
  token: z
    .string()
    .regex(/^[\w-]+=*$/)
    .max(65_536),
  actions: z.array(ActionSchema).min(1).max(1000),
  plan: z.string(),
  nodes: z.array(node),
  until: z.int().positive().max(253_402_300_799_000),
  reason: z.string().min(1).max(1000),
  words: z.array(z.string()),
  approvedBy: z.array(z.string().transform(publicKey)).max(100),
})

/** A request that nobody has approved yet. Throws INVALID_INPUT for actions that are none, or no reason. */
export function approvalRequest(content: ApprovalRequestContent): ApprovalRequest {
  const { token, actions, until, reason } = content
  return openApprovalRequest({
    ...{ version: 1, token, actions, ...partsOf(actions), until: Math.floor(until), reason, approvedBy: [] },
  })
}

/**
 * A request that came from somewhere. Throws INVALID_INPUT for what is none, and where hash, nodes or words are not those
 * of the actions: what somebody reads is what they sign. The token is not looked into.
 */
export function openApprovalRequest(value: unknown): ApprovalRequest {
  const parsed = Schema.safeParse(value)
  if (!parsed.success)
    throw meshSwarmError('INVALID_INPUT', `This is no request for approval: ${z.prettifyError(parsed.error)}`)
  const request = parsed.data
  const parts = partsOf(request.actions)
  for (const part of ['plan', 'nodes', 'words'] as const) {
    if (JSON.stringify(request[part]) === JSON.stringify(parts[part])) continue
    throw meshSwarmError(
      'INVALID_INPUT',
      `The request was changed: its ${part} is not that of its actions.`,
      {
        details: { part, expected: parts[part] },
      },
    )
  }
  return request
}

function partsOf(actions: readonly MeshAction[]): Pick<ApprovalRequest, 'plan' | 'nodes' | 'words'> {
  const nodes = [...new Set(actions.map(({ node }) => node))]
  return { plan: planHash(actions), nodes, words: actions.map(wordsOf) }
}

/** All that is signed: a cost that an interface comes back with is no detail. */
function wordsOf(action: MeshAction): string {
  const words = describeAction(action)
  return action.kind === 'add-interface' || action.kind === 'drop-interface'
    ? `${words}, its receive cost being ${action.rxcost}`
    : words
}
