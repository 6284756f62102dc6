// The rule: our score is NAB's. It gives the published final score of a published detector, to the sixth decimal.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { PROFILES, readCorpus, type Series } from '../../bench/anomaly/corpus.ts'
import { nabScore } from '../../bench/anomaly/nab-score.ts'

const STANDARD = { tpWeight: 1, fpWeight: 0.11, fnWeight: 1 }

/** 100 values of which the first 15 are not scored, with windows from 40 to 49 and from 70 to 79. */
const SERIES: Series = {
  name: 'made up',
  values: new Float64Array(100),
  windows: [
    [40, 49],
    [70, 79],
  ],
  probation: 15,
}

function scoreOf(detections: Readonly<Record<number, number>>, weights = STANDARD) {
  const scores = new Float64Array(100).fill(Number.NaN)
  for (const [at, score] of Object.entries(detections)) scores[Number(at)] = score
  return nabScore([{ series: SERIES, scores }], weights)
}

/** What a place is worth by NAB's paper: -1 is the left edge of a window, 0 its right edge, beyond it is behind. */
function worth(position: number): number {
  return 2 / (1 + Math.exp(5 * position)) - 1
}

describe('nabScore', () => {
  test('is 100 for the first value of every window and nothing else, and 0 for nothing', () => {
    expect(scoreOf({ 40: 1, 70: 1 })).toMatchObject({ score: 100, windowsFound: 2, falsePositives: 0 })
    expect(scoreOf({})).toMatchObject({
      score: 0,
      windowsFound: 0,
      windows: 2,
      falsePositives: 0,
      normal: 65,
    })
  })

  test('counts the earliest detection of a window only, and less the later it is', () => {
    const early = scoreOf({ 42: 0.9 }).score
    expect(early).toBeCloseTo((100 * (1 + worth(-0.8) / worth(-1))) / 4, 9)
    expect(scoreOf({ 42: 0.9, 43: 0.9, 48: 0.9 }).score).toBe(early)
    expect(scoreOf({ 45: 0.9 }).score).toBeLessThan(early)
  })

  test('a false positive costs less right behind a window than far from any, and nothing in the probation', () => {
    const cost = (at: number) => scoreOf({ 40: 1, 70: 1 }).score - scoreOf({ 40: 1, 70: 1, [at]: 1 }).score
    expect(cost(3)).toBe(0)
    expect(cost(20)).toBeCloseTo((100 * 0.11) / 4, 9)
    expect(cost(50)).toBeCloseTo((100 * 0.11 * -worth(1 / 9)) / 4, 9)
    expect(cost(99)).toBeCloseTo((100 * 0.11 * -worth(20 / 9)) / 4, 9)
  })

  test('takes the one threshold that is best over all series, for each profile its own', () => {
    const detections = { 40: 0.9, 20: 0.8, 21: 0.8, 22: 0.8, 70: 0.7 }
    expect(scoreOf(detections)).toMatchObject({ threshold: 0.7, windowsFound: 2, falsePositives: 3 })
    const dear = { ...STANDARD, fpWeight: 1 }
    expect(scoreOf(detections, dear)).toMatchObject({ threshold: 0.9, windowsFound: 1, falsePositives: 0 })
  })
})

const folder = join(
  process.env.MESHSWARM_DATA ?? join(import.meta.dirname, '../../../shared/data'),
  'anomaly',
  'nab',
)
const missing = !existsSync(folder) && `no Numenta Anomaly Benchmark in ${folder} (set MESHSWARM_DATA)`

/** The published results are rounded: their best threshold, 1, is where a normal tail is below 5e-13. */
const ROUNDED_TO_ONE = 7.130506848171325

/**
 * The windowed Gaussian as it was published with NAB: deviations from the mean of all values so far; from 6400 on, of
 * the last 6400, renewed every hundred values.
 */
function publishedGaussian({ values }: Series): Float64Array {
  let [mean, deviation] = [0, 1]
  let first = 0
  return values.map((value, at) => {
    const detected = at > 0 && Math.abs(value - mean) / deviation >= ROUNDED_TO_ONE
    const isGrowing = at < 6400
    if (!isGrowing && (at + 1) % 100 === 0) first += 100
    if (isGrowing || (at + 1) % 100 === 0) {
      const window = values.subarray(first, at + 1)
      mean = window.reduce((sum, other) => sum + other, 0) / window.length
      deviation =
        Math.sqrt(window.reduce((sum, other) => sum + (other - mean) ** 2, 0) / window.length) || 1e-6
    }
    return detected ? 1 : Number.NaN
  })
}

test('the corpus is whole, and the published windowed Gaussian gets its published scores', async ({
  skip,
}) => {
  if (missing) skip(missing)
  const { series, profiles, published } = await readCorpus(folder)
  expect(series.length).toBe(58)
  expect(series.flatMap(({ windows }) => windows).length).toBe(116)
  expect(series.reduce((sum, { values }) => sum + values.length, 0)).toBe(365_558)
  const scored = series.map((one) => ({ series: one, scores: publishedGaussian(one) }))
  for (const profile of PROFILES)
    expect(nabScore(scored, profiles[profile]).score).toBeCloseTo(
      published.windowedGaussian?.[profile] ?? 0,
      6,
    )
})
