// The rule: at the gate of a node a plan passes the budget of the network with the approvals of as many persons as it
// takes, and what is not in that plan does not.
import { expect, test } from 'vitest'
import { nodeId } from '../../../src/core/index.ts'
import type { MeshAction } from '../../../src/mesh/index.ts'
import {
  type ApprovalRequest,
  approvalRequest,
  approveRequest,
  keyPair,
  signRequest,
} from '../../../src/security/index.ts'
import { A1, applying, cost, NEVER, openGate } from '../gate/fixture.ts'

const [ann, bob] = [keyPair(), keyPair()]
const PERSONS = new Map([
  [ann.publicKey, 'ann'],
  [bob.publicKey, 'bob'],
])
const PLAN: readonly MeshAction[] = [cost('n8'), cost('n9')]

/** A gate whose network has no node left to be written, and an agent that asks for two more. */
async function spent() {
  const bench = await openGate({ gate: { approvers: PERSONS, approvals: 2 } })
  const { clock, engine, manager, root } = bench
  for (const node of ['n1', 'n2', 'n3', 'n4', 'n5', 'n6']) (await bench.admit(A1, applying(cost(node)))).end()
  const holder = keyPair()
  const until = clock.now() + 600_000
  const scope = {
    ...{ actions: ['set-link-cost' as const], nodes: 'all' as const, regions: [], until },
    ...{ maxTier: 2 as const, perMinute: 60, blast: { nodes: 5, windowMs: 600_000 } },
  }
  const { token } = await manager.mint({ agent: A1, holder: holder.publicKey, epoch: 1, scope }, NEVER)
  let nonce = 0
  /** As the agent does it: narrowed to the step, with the whole plan in what it signs. */
  async function attempt(request: ApprovalRequest, action: MeshAction, plan = PLAN) {
    const ask = { ...applying(action), plan }
    const restriction = { actions: [action.kind], nodes: [action.node] }
    const { token: step } = await manager.attenuate(request.token, restriction, NEVER)
    const about = { action: action.kind, node: action.node }
    const once = { session: 'session-1', nonce: `n${nonce++}`, at: clock.now() }
    const proof = {
      token: step,
      request: signRequest({ token: step, ask: about, params: ask, ...once }, holder),
    }
    return bench.gate.admit(ask, proof, NEVER)
  }
  const request = approvalRequest({ token, actions: PLAN, until, reason: 'incident-1' })
  return { bench, request, attempt, components: { engine, clock, root: root.publicKey } }
}

const overBudget = {
  code: 'BUDGET_EXCEEDED',
  details: expect.objectContaining({ budget: 'network', used: 6 }),
}

test('two persons let it pass, one does not, and the decision says who they were', async () => {
  const { bench, request, attempt, components } = await spent()
  await using _ = bench
  const [step, other] = PLAN as [MeshAction, MeshAction]
  await expect(attempt(request, step)).rejects.toMatchObject(overBudget)
  const first = await approveRequest(components, request, ann, NEVER)
  await expect(attempt(first, step)).rejects.toMatchObject(overBudget)
  const second = await approveRequest(components, first, bob, NEVER)
  ;(await attempt(second, step)).end()
  expect(new Set(bench.decisions.at(-1)?.approvers)).toEqual(new Set(PERSONS.keys()))
  ;(await attempt(second, other, PLAN.toReversed())).end()
  expect(bench.limits.networkUsed).toBe(8)
})

test('what is not in the plan that they have approved does not pass with it', async () => {
  const { bench, request, attempt, components } = await spent()
  await using _ = bench
  const first = await approveRequest(components, request, ann, NEVER)
  const second = await approveRequest(components, first, bob, NEVER)
  const elsewhere = { ...cost('n8'), node: nodeId('n10') }
  await expect(attempt(second, elsewhere)).rejects.toMatchObject({ code: 'ACTION_DENIED' })
  await expect(attempt(second, cost('n8', 1))).rejects.toMatchObject({ code: 'ACTION_DENIED' })
  for (const plan of [[elsewhere], [...PLAN, elsewhere]])
    await expect(attempt(second, elsewhere, plan)).rejects.toMatchObject(overBudget)
})
