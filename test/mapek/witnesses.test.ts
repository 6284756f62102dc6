import { describe, expect, test } from 'vitest'
import { linkId, nodeId } from '../../src/core/index.ts'
import { pairsOverLink, pairsThrough, witnesses } from '../../src/mapek/incident/witnesses.ts'
import { meshOf } from './mesh.ts'

/** A hub with eight leaves that have no other way, and a ring of three more around it. */
const LEAVES = Array.from({ length: 8 }, (_, index) => `hub-leaf${index}`)
const mesh = meshOf([...LEAVES, 'hub-a', 'hub-b', 'hub-c', 'a-b', 'b-c'].join(' '))

describe('the witnesses of a detour around a hub', () => {
  test('are the few pairs that another way joins, and none of the many that have no other', () => {
    const hub = nodeId('hub')
    const all = [...pairs(), { from: nodeId('a'), to: nodeId('c') }, { from: nodeId('c'), to: nodeId('a') }]
    expect(witnesses(mesh, all, { node: hub })).toEqual([
      { from: 'a', to: 'c' },
      { from: 'c', to: 'a' },
    ])
  })

  test('are none where the link is the only way', () => {
    const link = linkId('hub-leaf0')
    expect(witnesses(mesh, [{ from: nodeId('hub'), to: nodeId('leaf0') }], { link })).toEqual([])
  })

  test('of a link in a ring are its ends', () => {
    const link = linkId('a-b')
    const [first] = witnesses(mesh, pairsOverLink(mesh, link), { link })
    expect(first).toEqual({ from: 'a', to: 'b' })
  })
})

test('of what is mended where it is, the first few pairs are witnesses', () => {
  expect(witnesses(mesh, pairs())).toHaveLength(6)
})

test('what goes through a node is seen where only those behind its neighbours lose by it', () => {
  const plain = meshOf('a-b b-c c-d d-a c-e e-d')
  const [b, c, e] = ['b', 'c', 'e'].map(nodeId)
  const nextHop = (from: string, to: string) => (from === 'b' && to === 'e' ? c : nodeId(to))
  const through = { ...plain, routes: { ...plain.routes, nextHop } }
  expect([...pairsThrough(through, nodeId('c'))]).toEqual([{ from: b, to: e }])
  expect([...pairsThrough(through, nodeId('a'))]).toEqual([])
})

test('the pairs through a node that has no routes yet are none', () => {
  expect([...pairsThrough(mesh, nodeId('hub'))]).toEqual([])
})

function pairs() {
  const leaves = LEAVES.map((_, index) => nodeId(`leaf${index}`))
  return leaves.flatMap((from) => leaves.filter((to) => to !== from).map((to) => ({ from, to })))
}
