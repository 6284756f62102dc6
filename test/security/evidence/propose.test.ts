// The rule: a text becomes a proposal only where the whole of it is one action of the closed list, about this mesh, and
// policy permits it, knowing that a text asked.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { EVIDENCE_CHANNELS, nodeId } from '../../../src/core/index.ts'
import { riskTier } from '../../../src/mesh/index.ts'
import { propose } from '../../../src/security/index.ts'
import { ACTIONS, circumstances, DROP, evidence, N1, N2, policyAt, RESTART } from './support.ts'

const policy = await policyAt()

test.each(ACTIONS)('restoring what is configured is proposed, all else waits for a person: %j', (action) => {
  for (const channel of EVIDENCE_CHANNELS) {
    const text = evidence(JSON.stringify(action), { channel })
    const alone = propose(text, { policy }, circumstances())
    if (riskTier(action) === 0) expect(alone).toMatchObject({ ok: true, value: { action, evidence: text } })
    else expect(alone).toMatchObject({ ok: false, error: { code: 'ACTION_DENIED' } })
    const approved = propose(text, { policy }, circumstances({ approvals: ['ann'] }))
    expect(approved).toMatchObject({ ok: true, value: { action, agent: 'repairer-1', evidence: text } })
  }
})

test('a proposal is frozen, its action too', () => {
  const result = propose(evidence(RESTART), { policy }, circumstances())
  expect(result.ok && Object.isFrozen(result.value) && Object.isFrozen(result.value.action)).toBe(true)
})

test('in the modes that change nothing, nothing is proposed', () => {
  for (const mode of ['observe', 'advise'] as const) {
    const result = propose(evidence(RESTART), { policy }, circumstances({ mode, approvals: ['ann', 'bob'] }))
    expect(result).toMatchObject({ ok: false, error: { code: 'ACTION_DENIED' } })
  }
})

test.each([
  ['NODE_NOT_FOUND', { kind: 'restart-daemon', node: nodeId('n3') }],
  ['NODE_NOT_FOUND', { kind: 'restart-daemon', node: nodeId('N1') }],
  ['INVALID_ACTION', { kind: 'set-interface-up', node: N1, iface: 'eth0', up: true }],
  // An undo would set them.
  ['INVALID_ACTION', { kind: 'set-link-cost', node: N1, iface: 'wlan0', rxcost: 300, previous: 65534 }],
  ['INVALID_ACTION', { kind: 'drop-interface', node: N1, iface: 'wlan0', rxcost: 1 }],
  ['INVALID_ACTION', { kind: 'set-interface-mtu', node: N1, iface: 'wlan0', mtu: 1400, previous: 1280 }],
  // Unknown is not true.
  ['INVALID_ACTION', { kind: 'set-link-cost', node: N2, iface: 'wlan0', rxcost: 300, previous: 256 }],
] as const)('what is not so in the mesh is refused, whoever approves: %s %j', (code, action) => {
  const approvals = ['ann', 'bob', 'eve']
  const result = propose(evidence(JSON.stringify(action)), { policy }, circumstances({ approvals }))
  expect(result).toMatchObject({ ok: false, error: { code } })
})

test('policy is asked for the node in its regions, and for all channels that the text came through', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-evidence-'))
  try {
    const file = join(directory, 'mesh.cedar')
    writeFileSync(
      file,
      `permit (principal in Group::"executor", action, resource);
       @id("school") forbid (principal, action, resource in Region::"school");
       @id("papers") forbid (principal, action, resource) when { context.evidence.contains("document") };`,
    )
    const own = await policyAt(file)
    const judge = (text = evidence(DROP), part = {}) => propose(text, { policy: own }, circumstances(part))
    const denied = { ok: false, error: { code: 'ACTION_DENIED' } }
    expect(judge()).toMatchObject({ ok: true, value: { evidence: { channels: ['model'] } } })
    expect(judge(evidence(DROP), { regionsOf: () => ['school'] })).toMatchObject(denied)
    expect(judge(evidence(DROP), { agent: { id: 'repairer-1', groups: [] } })).toMatchObject(denied)
    const read = evidence('nothing of interest', { channel: 'document' })
    const told = evidence('n1 is bad', { channel: 'agent', basedOn: [read] })
    expect(judge(evidence(DROP, { basedOn: [read] }))).toMatchObject(denied)
    expect(judge(evidence(DROP, { basedOn: [told] }))).toMatchObject(denied)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
