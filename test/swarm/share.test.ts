import fc from 'fast-check'
import { expect, it } from 'vitest'
import { VirtualClock } from '../../src/core/index.ts'
import { Swarm, share } from '../../src/swarm/index.ts'

const names = fc.uniqueArray(fc.string({ minLength: 1 }), { maxLength: 60 })
const owners = fc.uniqueArray(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 12 })
const key = (item: string) => item

it('gives every item to exactly one owner, no owner more than an even share, whatever the order', () =>
  fc.assert(
    fc.property(owners, names, fc.nat(), (who, what, seed) => {
      const parts = share(who, what, key)
      expect([...parts.values()].flat().sort()).toEqual(what.toSorted())
      for (const part of parts.values())
        expect(part.length).toBeLessThanOrEqual(Math.ceil(what.length / who.length))
      const turned = share(who.toReversed(), [...what.slice(seed % 7), ...what.slice(0, seed % 7)], key)
      for (const [owner, part] of parts) expect(turned.get(owner)?.toSorted()).toEqual(part.toSorted())
    }),
  ))

it('changes little when an owner goes: far less than dealing all anew', () => {
  const items = Array.from({ length: 1000 }, (_, i) => `node-${i}`)
  const who = Array.from({ length: 20 }, (_, i) => `monitor-${i}`)
  const ownersOf = (list: readonly string[]) =>
    new Map(
      [...share(list, items, key)].flatMap(([owner, part]) => part.map((item) => [item, owner] as const)),
    )
  const before = ownersOf(who)
  const after = ownersOf(who.slice(0, -1))
  const moved = items.filter((item) => before.get(item) !== after.get(item))
  expect(moved.length).toBeGreaterThanOrEqual(50)
  expect(moved.length).toBeLessThan(250)
})

it('a swarm divides among its monitors, or among all where it has none', () => {
  const swarm = new Swarm({ clock: new VirtualClock() }, { agents: 10 })
  const items = Array.from({ length: 100 }, (_, i) => ({ name: `n${i}` }))
  const parts = swarm.share(items, { key: ({ name }) => name })
  expect([...parts.keys()]).toEqual(['monitor-1', 'monitor-2', 'monitor-3', 'monitor-4'])
  expect([...parts.values()].map((part) => part.length)).toEqual([25, 25, 25, 25])
  const one = new Swarm({ clock: new VirtualClock() }, { agents: 1 })
  expect(one.share(['a', 'b'], { kind: 'executor' }).get(one.agents[0]?.agentId ?? ('' as never))).toEqual([
    'a',
    'b',
  ])
})
