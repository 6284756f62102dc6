import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { meshSwarmError } from '../../src/core/index.ts'

/** One series of the Numenta Anomaly Benchmark with its labels, all as positions in `values`. */
export interface Series {
  /** As `realTraffic/speed_6005.csv`. */
  readonly name: string
  readonly values: Float64Array
  /** First and last position of each labelled window, in the order of time. */
  readonly windows: readonly (readonly [number, number])[]
  /** So many values at the beginning are not scored: 15 % of them, and of 5000 at most. */
  readonly probation: number
}

export interface Weights {
  readonly tpWeight: number
  readonly fpWeight: number
  readonly fnWeight: number
}

export const PROFILES = ['standard', 'reward_low_FP_rate', 'reward_low_FN_rate'] as const
export type Profile = (typeof PROFILES)[number]

export interface Corpus {
  /** In the order of their names. */
  readonly series: readonly Series[]
  readonly profiles: Readonly<Record<Profile, Weights>>
  /** Final scores of the detectors that have been published with the corpus, by name. */
  readonly published: Readonly<Record<string, Readonly<Record<Profile, number>>>>
}

/** Reads a folder as NAB lays it out: `data`, `labels`, `config`, `results`. */
export async function readCorpus(folder: string): Promise<Corpus> {
  const [labels, costs, published] = await Promise.all([
    readJson<Record<string, [string, string][]>>(join(folder, 'labels', 'combined_windows.json')),
    readJson<Record<Profile, { CostMatrix: Weights }>>(join(folder, 'config', 'profiles.json')),
    readJson<Corpus['published']>(join(folder, 'results', 'final_results.json')),
  ])
  const names = (await readdir(join(folder, 'data'), { recursive: true })).filter((name) =>
    name.endsWith('.csv'),
  )
  const series = await Promise.all(
    names
      .toSorted()
      .map(async (name) =>
        seriesOf(name, await readFile(join(folder, 'data', name), 'utf8'), labels[name] ?? []),
      ),
  )
  const weights = (profile: Profile) => costs[profile].CostMatrix
  return {
    series,
    profiles: {
      standard: weights('standard'),
      reward_low_FP_rate: weights('reward_low_FP_rate'),
      reward_low_FN_rate: weights('reward_low_FN_rate'),
    },
    published,
  }
}

function seriesOf(name: string, csv: string, labels: readonly [string, string][]): Series {
  const rows = csv
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => line.split(','))
  const times = rows.map(([time = '']) => time.trim())
  const at = (label: string) => {
    const index = times.indexOf(label.replace(/\.0+$/, ''))
    if (index < 0) throw meshSwarmError('INVALID_INPUT', `${name} has no value of ${label}.`)
    return index
  }
  return {
    name,
    values: Float64Array.from(rows, ([, value]) => Number(value)),
    windows: labels.map(([first, last]): [number, number] => [at(first), at(last)]).sort(([a], [b]) => a - b),
    probation: Math.floor(0.15 * Math.min(rows.length, 5000)),
  }
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8')) as T
}
