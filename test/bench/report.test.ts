// The rule: what was not measured is said, with its reason, and meets no goal.
import { expect, test } from 'vitest'
import { goalOf, printReport, reportOf, rowOf, skippedRow } from '../../bench/report.ts'

const report = (...rows: Parameters<typeof reportOf>[2][number][]) =>
  printReport(reportOf('engine', 1, rows, []))

test('a row that was skipped stands in no table, but with its reason', () => {
  const text = report(
    rowOf({ case: 'work', subject: 'own', metric: 'wall ms' }, [1, 2, 3]),
    skippedRow({ case: 'work', subject: 'peer', metric: 'wall ms' }, 'not installed'),
  )
  expect(text).toMatch(/^work +own +3 +2 \/ 2.9$/m)
  expect(text).toContain('skipped work, peer: not installed')
  expect(text).not.toMatch(/^work +peer/m)
})

test('cases with other metrics have a table of their own', () => {
  const text = report(
    rowOf({ case: 'work', subject: 'own', metric: 'wall ms' }, [1]),
    rowOf({ case: 'kills', subject: 'own', metric: 'lost' }, [0]),
    rowOf({ case: 'more work', subject: 'own', metric: 'wall ms' }, [4]),
  )
  expect(text.match(/^case .*/gm)).toEqual([
    expect.stringMatching(/^case +subject +n +wall ms$/),
    expect.stringMatching(/^case +subject +n +lost$/),
  ])
})

test('a goal is met on its side of the limit, and never by what is unknown', () => {
  const met = (...goal: Parameters<typeof goalOf>) => goalOf(...goal).met
  expect([1, 2, 3].map((value) => met('a', '<', 2, value, 'ms'))).toEqual([true, false, false])
  expect([1, 2, 3].map((value) => met('a', '<=', 2, value, 'ms'))).toEqual([true, true, false])
  expect([1, 2, 3].map((value) => met('a', '>', 2, value, 'ms'))).toEqual([false, false, true])
  expect([1, 2, 3].map((value) => met('a', '>=', 2, value, 'ms'))).toEqual([false, true, true])
  expect(['<', '<=', '>', '>='].map((relation) => met('a', relation as '<', 2, null, 'ms'))).not.toContain(
    true,
  )
})
