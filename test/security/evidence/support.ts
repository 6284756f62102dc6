import { agentId, Evidence, type EvidenceOptions, nodeId, sequentialIds } from '../../../src/core/index.ts'
import { buildSnapshot, known, type MeshAction, UNKNOWN } from '../../../src/mesh/index.ts'
import { DEFAULT_POLICY, PolicyManager, type ProposalCircumstances } from '../../../src/security/index.ts'

const ids = sequentialIds('evidence-test')
const measured = <T>(value: T) => known(value, 'measured', 1)

/** Two nodes: of one its interface is known, of the other only that it has one. */
export const SNAPSHOT = buildSnapshot({
  takenAt: 1,
  source: 'measured',
  nodes: [
    {
      id: 'n1',
      interfaces: [{ name: 'wlan0', up: measured(true), mtu: measured(1500), rxcost: measured(256) }],
    },
    { id: 'n2', interfaces: [{ name: 'wlan0', up: UNKNOWN, mtu: UNKNOWN, rxcost: UNKNOWN }] },
  ],
  links: [{ a: 'n1', b: 'n2' }],
})

export const [N1, N2] = [nodeId('n1'), nodeId('n2')]

/** One of each kind that this mesh can have done to it. */
export const ACTIONS: readonly MeshAction[] = [
  { kind: 'restart-daemon', node: N1 },
  { kind: 'restart-daemon', node: N1, rxcost: 500 },
  { kind: 'resume-daemon', node: N2 },
  { kind: 'renew-routes', node: N1 },
  { kind: 'set-link-cost', node: N1, iface: 'wlan0', rxcost: 300, previous: 256 },
  { kind: 'drop-interface', node: N1, iface: 'wlan0', rxcost: 256 },
  { kind: 'add-interface', node: N2, iface: 'wlan0', rxcost: 256 },
  { kind: 'set-interface-up', node: N1, iface: 'wlan0', up: true },
  { kind: 'set-interface-up', node: N1, iface: 'wlan0', up: false },
  { kind: 'set-interface-mtu', node: N1, iface: 'wlan0', mtu: 1400, previous: 1500 },
  { kind: 'set-forwarding', node: N1, enabled: true },
  { kind: 'set-forwarding', node: N1, enabled: false },
  { kind: 'withdraw-prefix', node: N1, prefix: 'fd00::1/128' },
  { kind: 'announce-prefix', node: N1, prefix: '10.0.0.1/32' },
]

export const RESTART = JSON.stringify(ACTIONS[0])
export const DROP = JSON.stringify({ kind: 'drop-interface', node: N1, iface: 'wlan0', rxcost: 256 })

export function evidence(text: string, part: Partial<EvidenceOptions> = {}): Evidence {
  return new Evidence({ channel: 'model', source: 'kimi', text, at: 5, ...part })
}

export function circumstances(part: Partial<ProposalCircumstances> = {}): ProposalCircumstances {
  return {
    agent: { id: agentId('repairer-1'), groups: ['executor'] },
    mode: 'heal',
    at: Date.UTC(2026, 10, 28, 12),
    epoch: 0,
    approvals: [],
    nodesWritten: 1,
    nodesAllowed: 6,
    snapshot: SNAPSHOT,
    regionsOf: () => [],
    ...part,
  }
}

export function policyAt(path = DEFAULT_POLICY): Promise<PolicyManager> {
  return PolicyManager.open({ ids }, { paths: [path] })
}
