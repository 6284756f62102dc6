import type { Series, Weights } from './corpus.ts'

/** What a detector has said about each value of one series: from 0 to 1, NaN where it could not say. */
export interface ScoredSeries {
  readonly series: Series
  readonly scores: Float64Array
}

export interface NabScore {
  /** 100: every window found at its first value and nothing else; 0: nothing found at all. */
  readonly score: number
  /** Scores from this on are detections. */
  readonly threshold: number
  readonly windowsFound: number
  readonly windows: number
  /** Detections outside of windows, and how many values lie outside of them; the probationary ones aside. */
  readonly falsePositives: number
  readonly normal: number
}

interface Point {
  readonly score: number
  /** What a detection here is worth before its weight: up to 1 early in a window, down to -1 far behind one. */
  readonly worth: number
  /** The window that it lies in, counted over the corpus; -1 for none. */
  readonly window: number
}

/**
 * The score of the Numenta Anomaly Benchmark (Lavin and Ahmad, 2015) at the one threshold over all series that is
 * best for these weights. In a window only the earliest detection counts.
 */
export function nabScore(corpus: readonly ScoredSeries[], weights: Weights): NabScore {
  const { points, windows, normal } = pointsOf(corpus)
  const found = new Float64Array(windows).fill(Number.NEGATIVE_INFINITY)
  let [reward, penalty, windowsFound, falsePositives] = [0, 0, 0, 0]
  const now = (threshold: number) => {
    const missed = weights.fnWeight * (windows - windowsFound)
    const raw = weights.tpWeight * reward + weights.fpWeight * penalty - missed
    return { raw, threshold, windowsFound, falsePositives }
  }
  let best = now(Number.POSITIVE_INFINITY)
  points.forEach(({ score, worth, window }, index) => {
    if (window < 0) {
      falsePositives += 1
      penalty += worth
    } else {
      const before = found[window] as number
      if (before === Number.NEGATIVE_INFINITY) windowsFound += 1
      reward += Math.max(before, worth) - Math.max(before, 0)
      found[window] = Math.max(before, worth)
    }
    if (points[index + 1]?.score === score) return
    const here = now(score)
    if (here.raw > best.raw) best = here
  })
  const { raw, ...rest } = best
  return { score: normalised(raw, windows, weights), windows, normal, ...rest }
}

/** 0 for the raw score of a detector that finds nothing, 100 for that of one that is perfect. */
function normalised(raw: number, windows: number, { tpWeight, fnWeight }: Weights): number {
  return (100 * (raw + windows * fnWeight)) / (windows * (tpWeight + fnWeight))
}

/** What can be detected, the highest score first. */
function pointsOf(corpus: readonly ScoredSeries[]): { points: Point[]; windows: number; normal: number } {
  const points: Point[] = []
  let [windows, normal] = [0, 0]
  for (const { series, scores } of corpus) {
    const { values, probation } = series
    let next = 0
    for (let at = 0; at < values.length; at++) {
      while (next < series.windows.length && at > (series.windows[next]?.[1] ?? 0)) next++
      const inside = at >= (series.windows[next]?.[0] ?? Number.POSITIVE_INFINITY)
      if (at < probation) continue
      if (!inside) normal++
      const score = scores[at] as number
      if (Number.isNaN(score)) continue
      const worth = inside
        ? worthInside(at, series.windows[next])
        : worthOutside(at, series.windows[next - 1])
      points.push({ score, worth, window: inside ? windows + next : -1 })
    }
    windows += series.windows.length
  }
  return { points: points.sort((a, b) => b.score - a.score), windows, normal }
}

function worthInside(at: number, window: readonly [number, number] | undefined): number {
  const [first, last] = window ?? [at, at]
  return sigmoid(-(last - at + 1) / (last - first + 1)) / sigmoid(-1)
}

function worthOutside(at: number, before: readonly [number, number] | undefined): number {
  if (!before) return -1
  const [first, last] = before
  const position = (at - last) / (last - first)
  return position >= 3 ? -1 : sigmoid(position)
}

/** From 1 far before 0 to -1 far behind it. */
function sigmoid(position: number): number {
  return 2 / (1 + Math.exp(5 * position)) - 1
}
