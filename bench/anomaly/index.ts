import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { TELEMETRY_ALARM } from '../../src/mapek/index.ts'
import type { BenchOptions } from '../options.ts'
import { type BenchGoal, type BenchReport, type BenchRow, goalOf, reportOf, rowOf } from '../report.ts'
import { type Corpus, PROFILES, type Profile, readCorpus } from './corpus.ts'
import { type NabScore, nabScore, type ScoredSeries } from './nab-score.ts'
import { SHIPPED, SUBJECTS, type Subject } from './subjects.ts'

/** With `--quick`: of eight series in a row the first two, one of each half. */
const QUICK_OF = 8

const TITLES: Readonly<Record<Profile, string>> = {
  standard: 'standard',
  reward_low_FP_rate: 'low FP',
  reward_low_FN_rate: 'low FN',
}

/**
 * Our telemetry detectors on the Numenta Anomaly Benchmark, beside the final scores that have been published for
 * others on the whole of it. The scores are NAB's, at the threshold that is best for a profile over the series of
 * the case; found windows and false positives are at that of the standard profile. Settings were chosen on the tuning
 * half, every second series in the order of names from the first on; the others are the held-out half. Nothing in it
 * is random.
 */
export async function anomalyBench(options: BenchOptions, signal: AbortSignal): Promise<BenchReport> {
  const folder = join(options.data, 'anomaly', 'nab')
  if (!existsSync(folder))
    return { ...reportOf('anomaly', options.seed, [], []), skipped: `there is no folder ${folder}` }
  const corpus = await readCorpus(folder)
  const places = corpus.series.map((_, place) => place)
  const used = places.filter((place) => !options.quick || place % QUICK_OF < 2)
  if (options.quick) options.log(`${used.length} of ${places.length} series`)
  const rows: BenchRow[] = []
  const goals: BenchGoal[] = []
  for (const subject of SUBJECTS) {
    // A signal can only be heard between two of them.
    await setImmediate()
    if (signal.aborted) break
    const { scored, micros } = scoredBy(subject, corpus, used)
    const half = (parity: number) => scored.filter((_, index) => (used[index] ?? 0) % 2 === parity)
    const all = measure('all', subject, scored, corpus)
    const tuning = measure('tuning half', subject, half(0), corpus)
    const heldOut = measure('held-out half', subject, half(1), corpus)
    rows.push(...all.rows, ...tuning.rows, ...heldOut.rows)
    rows.push(rowOf({ case: 'time, over the series', subject: subject.name, metric: 'us/point' }, micros))
    if (subject === SHIPPED) {
      rows.push(...measure('all at its alarm', subject, scored.map(atAlarm), corpus).rows)
      goals.push(...goalsOf('', all.standard), ...goalsOf('-held-out', heldOut.standard))
    }
    options.log(`${subject.name}: ${all.standard.score.toFixed(1)}`)
  }
  return reportOf('anomaly', options.seed, [...rows, ...publishedRows(corpus)], goals)
}

function scoredBy(
  { detector }: Subject,
  corpus: Corpus,
  used: readonly number[],
): { scored: ScoredSeries[]; micros: number[] } {
  const series = corpus.series.filter((_, place) => used.includes(place))
  const micros: number[] = []
  const scored = series.map((one) => {
    const watching = detector(one.probation)
    const began = performance.now()
    const scores = one.values.map((value) => watching.update(value) ?? Number.NaN)
    micros.push(((performance.now() - began) * 1000) / scores.length)
    return { series: one, scores }
  })
  return { scored, micros }
}

/** As who uses it hears of it: NAB chooses the threshold by the labels, and this one is fixed. */
function atAlarm({ series, scores }: ScoredSeries): ScoredSeries {
  return { series, scores: scores.map((score) => (score >= TELEMETRY_ALARM ? TELEMETRY_ALARM : Number.NaN)) }
}

function measure(
  half: string,
  { name: subject }: Subject,
  scored: readonly ScoredSeries[],
  { profiles }: Corpus,
): { rows: BenchRow[]; standard: NabScore } {
  const standard = nabScore(scored, profiles.standard)
  const row = (metric: string, value: number) =>
    rowOf({ case: `${half}: ${scored.length} series`, subject, metric }, [value])
  const rows = [
    ...PROFILES.map((profile) => row(TITLES[profile], nabScore(scored, profiles[profile]).score)),
    row('windows found', standard.windowsFound),
    row('of windows', standard.windows),
    row('false positives %', falsePositives(standard)),
    row('threshold', standard.threshold),
  ]
  return { rows, standard }
}

function falsePositives({ falsePositives, normal }: NabScore): number {
  return (100 * falsePositives) / normal
}

function publishedRows({ published }: Corpus): BenchRow[] {
  return Object.entries(published)
    .toSorted(([, a], [, b]) => b.standard - a.standard)
    .flatMap(([subject, scores]) =>
      PROFILES.map((profile) =>
        rowOf({ case: 'published, all series', subject, metric: TITLES[profile] }, [scores[profile]]),
      ),
    )
}

/** Random Cut Forest has 51.7. */
function goalsOf(part: string, standard: NabScore): BenchGoal[] {
  return [
    goalOf(`nab-standard${part}`, '>', 51.7, standard.score, 'NAB standard score'),
    goalOf(
      `nab-false-positives${part}`,
      '<=',
      0.2,
      falsePositives(standard),
      '% of the values outside of windows',
    ),
  ]
}
