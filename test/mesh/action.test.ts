// The rule: the tier is of what an action does, and an action that comes as data has its own parameters and no others.
import { expect, test } from 'vitest'
import { nodeId } from '../../src/core/index.ts'
import { ActionSchema, kindTier, type MeshAction, riskTier } from '../../src/mesh/index.ts'

const node = nodeId('n1')
const iface = 'wlan0'

test.each([
  [0, { kind: 'restart-daemon', node }],
  [1, { kind: 'restart-daemon', node, rxcost: 500 }],
  [0, { kind: 'set-interface-up', node, iface, up: true }],
  [2, { kind: 'set-interface-up', node, iface, up: false }],
  [0, { kind: 'set-forwarding', node, enabled: true }],
  [2, { kind: 'set-forwarding', node, enabled: false }],
  [1, { kind: 'add-interface', node, iface, rxcost: 96 }],
  [2, { kind: 'drop-interface', node, iface, rxcost: 96 }],
] as const satisfies readonly (readonly [number, MeshAction])[])('tier %i: %j', (tier, action) => {
  expect(riskTier(action)).toBe(tier)
  expect(riskTier(action)).toBeGreaterThanOrEqual(kindTier(action.kind))
})

test('an action as data', () => {
  const good = { kind: 'set-link-cost', node, iface, rxcost: 300, previous: 256 }
  expect(ActionSchema.safeParse(good)).toEqual({ success: true, data: good })
  for (const bad of [
    { ...good, reason: 'because' },
    { ...good, iface: 'wlan0 rxcost 1' },
    { ...good, iface: '-D' },
    { ...good, rxcost: 0 },
    { ...good, rxcost: '300' },
    { ...good, node: '' },
    { ...good, previous: undefined },
    { ...good, kind: 'reboot' },
    [good],
    JSON.stringify(good),
  ])
    expect(ActionSchema.safeParse(bad).success, JSON.stringify(bad)).toBe(false)
})
