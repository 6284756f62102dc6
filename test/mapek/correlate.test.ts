import { describe, expect, test } from 'vitest'
import { linkId, nodeId } from '../../src/core/index.ts'
import type { LinkSymptom, Symptom } from '../../src/mapek/detect/symptom.ts'
import { correlate } from '../../src/mapek/incident/correlate.ts'
import { meshOf } from './mesh.ts'

function dead(link: string): LinkSymptom {
  const trouble = 'dead'
  return {
    kind: 'link',
    key: `link:${link}`,
    link: linkId(link),
    onset: 1,
    trouble,
    senders: [],
    lossRate: 1,
    delayMs: undefined,
  }
}

/** Two squares joined by two links: a1-a2-a3-a4 and b1-b2-b3-b4, a1-b1 and a3-b3. */
const squares = meshOf('a1-a2 a2-a3 a3-a4 a4-a1 b1-b2 b2-b3 b3-b4 b4-b1 a1-b1 a3-b3')

describe('one cause is one incident', () => {
  test('a dead link that others can stand in for is a link', () => {
    expect(correlate([dead('a1-b1')], squares).map(({ root }) => root.key)).toEqual(['link:a1-b1'])
  })

  test('all links of a node are the node', () => {
    const symptoms = ['a1-a2', 'a2-a3'].map(dead)
    expect(correlate(symptoms, squares).map(({ root }) => root)).toMatchObject([
      { kind: 'node-unreachable', node: 'a2' },
    ])
  })

  test('links that separate the mesh are one split, with the exact cut and nothing else in it', () => {
    const roots = correlate(['a1-b1', 'a3-b3', 'a1-a2'].map(dead), squares).map(({ root }) => root)
    expect(roots).toHaveLength(2)
    expect(roots[0]).toMatchObject({ kind: 'split', cut: ['a1-b1', 'a3-b3'] })
    expect(roots[1]).toMatchObject({ kind: 'link', key: 'link:a1-a2' })
  })

  test('a dead daemon explains what its node loses in transit', () => {
    const symptoms: Symptom[] = [
      { kind: 'daemon-down', key: 'daemon:a1', node: nodeId('a1'), onset: 1, state: 'dead' },
      { kind: 'transit-loss', key: 'transit:a1', node: nodeId('a1'), onset: 2, lossRate: 1, pairs: [] },
      { kind: 'transit-loss', key: 'transit:b3', node: nodeId('b3'), onset: 2, lossRate: 0.3, pairs: [] },
    ]
    expect(correlate(symptoms, squares).map(({ root }) => root.key)).toEqual(['daemon:a1', 'transit:b3'])
  })
})
