// The rule: what a link loses is the link's, and not the node's behind it.
import { describe, expect, test } from 'vitest'
import { linkId, nodeId } from '../../src/core/index.ts'
import { HealthBook } from '../../src/mapek/health/health-book.ts'
import { DEFAULT_MAPEK_OPTIONS } from '../../src/mapek/options.ts'
import { type ProbeResult, unknown } from '../../src/mesh/index.ts'

const [a, b, c] = [nodeId('a'), nodeId('b'), nodeId('c')]
const SENT_AT = 10_000

function probe(from: string, to: string, received: number, link?: string): ProbeResult {
  const request = {
    ...{ from: nodeId(from), to: nodeId(to), bytes: 64, count: 5, intervalMs: 0, timeoutMs: 100 },
    ...(link === undefined ? {} : { link: linkId(link) }),
  }
  return { request, source: 'simulated', sent: 5, received, delayMs: unknown('not measured') }
}

/** A book that watches the pair a>c over b, and its window after a round of these probes. */
function windowAfter(...results: readonly ProbeResult[]) {
  const book = new HealthBook(DEFAULT_MAPEK_OPTIONS)
  const pair = book.pair(a, c, 0)
  pair.follow([a, b, c], 0)
  book.recordRound(results, SENT_AT)
  return pair.window.totals()
}

/** What a book remembers of two rounds of these probes over the link a-b. */
function linkAfter(...rounds: readonly ProbeResult[]) {
  const book = new HealthBook(DEFAULT_MAPEK_OPTIONS)
  for (const [index, result] of rounds.entries()) book.recordRound([result], SENT_AT + index)
  return book.direction(linkId('a-b'), a, b).small.totals()
}

test('packets that could not be sent are not lost, and do not make up for those that were', () => {
  const refused = { ...probe('a', 'b', 2, 'a-b'), sent: 3, error: 'cannot send: ENETUNREACH' }
  expect(linkAfter(refused)).toMatchObject({ lost: 0 })
  expect(linkAfter(probe('a', 'b', 3, 'a-b'), refused)).toMatchObject({ lost: 2 })
})

describe('a watched pair that lost packets', () => {
  test('speaks of the nodes between where the links on its way lost none in the same round', () => {
    const clean = [probe('a', 'b', 5, 'a-b'), probe('b', 'c', 5, 'b-c')]
    expect(windowAfter(...clean, probe('a', 'c', 3))).toMatchObject({ sent: 5, lost: 2 })
    expect(windowAfter(probe('a', 'c', 3), ...clean)).toMatchObject({ sent: 5, lost: 2 })
  })

  test('says nothing where one of them did, in whatever order the answers come', () => {
    const lossy = probe('b', 'c', 4, 'b-c')
    expect(windowAfter(lossy, probe('a', 'c', 3))).toMatchObject({ ticks: 0 })
    expect(windowAfter(probe('a', 'c', 3), lossy)).toMatchObject({ ticks: 0 })
  })

  test('speaks where only the other direction of a link, or another link, lost packets', () => {
    expect(windowAfter(probe('c', 'b', 1, 'b-c'), probe('a', 'c', 3))).toMatchObject({ lost: 2 })
    expect(windowAfter(probe('b', 'd', 1, 'b-d'), probe('a', 'c', 3))).toMatchObject({ lost: 2 })
  })

  test('says nothing while its path is still settling', () => {
    const book = new HealthBook(DEFAULT_MAPEK_OPTIONS)
    const pair = book.pair(a, c, 0)
    pair.follow([a, b, c], SENT_AT - 1)
    book.recordRound([probe('a', 'c', 3)], SENT_AT)
    expect(pair.window.totals().ticks).toBe(0)
  })
})
