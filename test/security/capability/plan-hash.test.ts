// The rule: two plans have one hash where they do the same, in whatever order they are written, and nowhere else.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { nodeId } from '../../../src/core/index.ts'
import type { MeshAction } from '../../../src/mesh/index.ts'
import { planHash } from '../../../src/security/index.ts'

const node = fc.constantFrom('12', '13').map(nodeId)
const rxcost = fc.constantFrom(96, 256)
const action: fc.Arbitrary<MeshAction> = fc.oneof(
  fc.record({ kind: fc.constant('resume-daemon' as const), node }),
  fc.record(
    { kind: fc.constant('restart-daemon' as const), node, rxcost },
    { requiredKeys: ['kind', 'node'] },
  ),
  fc.record({ kind: fc.constant('add-interface' as const), node, iface: fc.constantFrom('a', 'b'), rxcost }),
)
const plan = fc.array(action, { maxLength: 4 })
const turned = (one: MeshAction) => Object.fromEntries(Object.entries(one).toReversed()) as MeshAction

test('neither the order of actions nor that of their parts counts', () =>
  fc.assert(
    fc.property(plan, fc.nat(), (actions, by) => {
      const at = actions.length === 0 ? 0 : by % actions.length
      const other = [...actions.slice(at), ...actions.slice(0, at)].map(turned)
      expect(planHash(other)).toBe(planHash(actions))
      expect(planHash(actions)).toMatch(/^[0-9a-f]{64}$/)
    }),
  ))

test('what does something else, or the same twice, has another hash', () =>
  fc.assert(
    fc.property(plan, plan, (a, b) => {
      const said = (actions: readonly MeshAction[]) =>
        actions.map(({ kind, node: at, ...rest }) => JSON.stringify([kind, at, rest])).toSorted()
      expect(planHash(a) === planHash(b)).toBe(JSON.stringify(said(a)) === JSON.stringify(said(b)))
      expect(planHash([...a, ...b.slice(0, 1)]) === planHash(a)).toBe(b.length === 0)
    }),
  ))

test('what is left undefined is left out', () => {
  const restart = { kind: 'restart-daemon', node: nodeId('12') } as const
  expect(planHash([{ ...restart, rxcost: undefined }])).toBe(planHash([restart]))
})
