// The rule: a request is approved by different persons, one after another, under the token that will do it and until its
// end; each approval counts for exactly its plan.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { nodeId } from '../../../src/core/index.ts'
import type { MeshAction } from '../../../src/mesh/index.ts'
import {
  type ApprovalRequest,
  approvalRequest,
  approveRequest,
  checkRequest,
  keyPair,
  planHash,
} from '../../../src/security/index.ts'
import { ASK, NEVER, NOW, newEngine, ROOT, setUp, THIEF } from '../capability/support.ts'

let engine: ReturnType<typeof newEngine>
beforeAll(() => {
  engine = newEngine()
})
afterAll(() => engine.close())

const [one, two] = [keyPair(), keyPair()]
const ACTIONS: readonly MeshAction[] = [
  { kind: 'set-link-cost', node: nodeId('12'), iface: 'wlan0', rxcost: 512, previous: 256 },
  { kind: 'set-link-cost', node: nodeId('13'), iface: 'wlan0', rxcost: 512, previous: 256 },
]
const UNTIL = NOW + 600_000

async function asked(actions = ACTIONS) {
  const { clock, mint } = setUp(engine)
  const { token } = await mint()
  const request = approvalRequest({ token, actions, until: UNTIL, reason: 'flooded' })
  return { clock, request, components: { engine, clock, root: ROOT.publicKey } }
}

/** Who of the two has approved the plan, for the node. */
async function counted({ token }: ApprovalRequest, actions: readonly MeshAction[], node: string, now = NOW) {
  const approvals = { plan: planHash(actions), approvers: [one, two].map((pair) => pair.publicKey), least: 2 }
  const ask = { ...ASK, action: 'set-link-cost', node: nodeId(node), tier: 1, approvals } as const
  const answer = await engine.authorise(token, ROOT.publicKey, ask, now, NEVER)
  return answer.allowed ? answer.approvers.length : answer.reason
}

test('of two persons both count, for their plan, its nodes and its time', async () => {
  const { request, components } = await asked()
  const first = await approveRequest(components, request, one, NEVER)
  expect(await counted(first, ACTIONS, '12')).toBe('approvals')
  const second = await approveRequest(components, first, two, NEVER)
  expect(second).toEqual({ ...request, token: second.token, approvedBy: [one.publicKey, two.publicKey] })
  for (const node of ['12', '13']) expect(await counted(second, ACTIONS.toReversed(), node)).toBe(2)
  expect(await counted(second, ACTIONS, '40')).toBe('approvals')
  expect(await counted(second, ACTIONS.slice(1), '12')).toBe('approvals')
  expect(await counted(second, ACTIONS, '12', UNTIL)).toBe('approvals')
  expect((await checkRequest(components, second, NEVER)).agent).toBe('monitor-7')
})

test('a person approves once, whatever the file says of it', async () => {
  const { request, components } = await asked()
  const first = await approveRequest(components, request, one, NEVER)
  for (const file of [first, { ...first, approvedBy: [] }])
    await expect(approveRequest(components, file, one, NEVER)).rejects.toMatchObject({ code: 'CONFLICT' })
  // Another plan is another thing.
  const { token } = first
  const other = approvalRequest({ token, actions: ACTIONS.slice(1), until: UNTIL, reason: 'again' })
  expect((await approveRequest(components, other, one, NEVER)).approvedBy).toEqual([one.publicKey])
})

test('nobody can be said to have approved who has not', async () => {
  const { request, components } = await asked()
  const claimed = { ...request, approvedBy: [two.publicKey] }
  const refused = { code: 'INVALID_INPUT', details: { claimed: two.publicKey } }
  await expect(checkRequest(components, claimed, NEVER)).rejects.toMatchObject(refused)
  await expect(approveRequest(components, claimed, one, NEVER)).rejects.toMatchObject(refused)
  // Approved, but for one of the nodes only.
  const { token } = await approveRequest(components, { ...request, nodes: [nodeId('12')] }, two, NEVER)
  await expect(checkRequest(components, { ...claimed, token }, NEVER)).rejects.toMatchObject(refused)
})

test('what is over is over: the request, or the capability', async () => {
  const { clock, request, components } = await asked()
  await clock.advance(600_000)
  await expect(approveRequest(components, request, one, NEVER)).rejects.toMatchObject({ code: 'CONFLICT' })
  await approveRequest(components, { ...request, until: UNTIL + 1000 }, one, NEVER)
  await clock.advance(60 * 60_000)
  const late = { ...request, until: UNTIL + 120 * 60_000 }
  await expect(approveRequest(components, late, one, NEVER)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: expect.stringContaining('monitor-7'),
  })
})

test('a token of another root, or none, is refused', async () => {
  const { request, components } = await asked()
  const elsewhere = { ...components, root: THIEF.publicKey }
  await expect(approveRequest(elsewhere, request, one, NEVER)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  })
  const rubbish = { ...request, token: 'rubbish' }
  await expect(approveRequest(components, rubbish, one, NEVER)).rejects.toMatchObject({
    code: 'INVALID_INPUT',
  })
})

test('an approval widens nothing: what the token does not allow stays denied', async () => {
  const elsewhere: readonly MeshAction[] = [{ kind: 'resume-daemon', node: nodeId('99') }]
  const { request, components } = await asked(elsewhere)
  const first = await approveRequest(components, request, one, NEVER)
  const { token } = await approveRequest(components, first, two, NEVER)
  const approvals = { plan: request.plan, approvers: [one.publicKey, two.publicKey], least: 2 }
  const ask = { ...ASK, action: 'resume-daemon', node: nodeId('99'), approvals } as const
  expect(await engine.authorise(token, ROOT.publicKey, ask, NOW, NEVER)).toMatchObject({ allowed: false })
})
