// The rule: a node is to blame for what is lost through it when its links are fine, and not before a link that loses
// packets would have been found out.
import { describe, expect, test } from 'vitest'
import { linkId, nodeId } from '../../src/core/index.ts'
import { detectTransit } from '../../src/mapek/detect/transit.ts'
import { HealthBook } from '../../src/mapek/health/health-book.ts'
import { DEFAULT_MAPEK_OPTIONS } from '../../src/mapek/options.ts'
import { meshOf } from './mesh.ts'

const OPTIONS = DEFAULT_MAPEK_OPTIONS
const { lossyTicks, transitLossyTicks, tickMs } = OPTIONS
const mesh = meshOf('a-b b-c')
const [a, b, c] = [nodeId('a'), nodeId('b'), nodeId('c')]

/** What is said of b after so many rounds in which the pair over it lost `lost` of 5 packets. */
function saidAfter(rounds: number, lost: number, prepare: (book: HealthBook) => void = () => undefined) {
  const book = new HealthBook(OPTIONS)
  prepare(book)
  const pair = book.pair(a, c, 0)
  pair.follow([a, b, c], 0)
  for (let round = 1; round <= rounds; round += 1) pair.window.add(5, lost, 1000 + round * tickMs)
  return detectTransit(mesh, book, OPTIONS, 1000 + rounds * tickMs)
}

describe('a node that loses a share of what it forwards', () => {
  test('is blamed after as many lossy rounds as a link', () => {
    expect(saidAfter(lossyTicks - 1, 2)).toEqual([])
    expect(saidAfter(lossyTicks, 2)).toMatchObject([{ kind: 'transit-loss', node: b, lossRate: 0.4 }])
  })

  test('is not blamed while a link on the way is suspect', () => {
    const suspect = (book: HealthBook) => {
      for (let tick = 0; tick < 3; tick += 1)
        book
          .direction(linkId('b-c'), b, c)
          .add('small', { sent: 5, lost: 2, delayMs: undefined, at: tick }, OPTIONS)
    }
    expect(saidAfter(lossyTicks, 2, suspect)).toEqual([])
  })
})

test('a node that forwards nothing is found sooner', () => {
  expect(transitLossyTicks).toBeLessThan(lossyTicks)
  expect(saidAfter(transitLossyTicks - 1, 5)).toEqual([])
  expect(saidAfter(transitLossyTicks, 5)).toMatchObject([{ node: b, lossRate: 1 }])
})
