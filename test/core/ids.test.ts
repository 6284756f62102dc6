// The rule: an id source never gives the same id twice, and a seeded one gives the same ids every time.
import { describe, expect, test } from 'vitest'
import { nodeId, randomIds, seededRandom, sequentialIds } from '../../src/core/index.ts'

test('sequential ids count for each prefix by itself', () => {
  const ids = sequentialIds()
  expect([ids.next('task'), ids.next('task'), ids.next('incident')]).toEqual([
    'task-1',
    'task-2',
    'incident-1',
  ])
  expect(sequentialIds(7).next('task')).toBe('task-7-1')
})

test('random ids repeat with their seed and never within it', () => {
  const many = (seed: number) => {
    const ids = randomIds(seededRandom(seed))
    return Array.from({ length: 5000 }, () => ids.next('step'))
  }
  expect(many(1)).toEqual(many(1))
  expect(new Set([...many(1), ...many(2)]).size).toBe(10_000)
  expect(many(1)[0]).toMatch(/^step-[0-9a-z]{16}$/)
})

describe('a branded id', () => {
  test('is the text itself, and never empty', () => {
    expect(nodeId('fe80::1')).toBe('fe80::1')
    expect(() => nodeId('')).toThrow('not empty')
  })
})
