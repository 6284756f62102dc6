import { parseArgs } from 'node:util'
import { mean, median, RealClock, seededRandom } from '../../src/core/index.ts'
import { type ProfileName, SimMesh } from '../../src/mesh/index.ts'
import { probeBytes, successesNeeded } from '../drill/trial.ts'
import { builtinTopology } from '../shapes.ts'
import { strike } from './faults.ts'
import { placeInSim } from './place.ts'
import { SimProber } from './prober.ts'

/**
 * What real babelds did on a 4x4 grid, 80 s of fault. `outageS` and `lossAtEnd` (percent) are those of
 * the lab's first measurement (single runs, one place each); `again` are outages measured with the lab of this repository at
 * random places, as here, where that was done: 80 is never.
 */
interface Measured {
  readonly fault: string
  readonly role?: 'destination'
  readonly outageS?: PerProfile<readonly [number, number]>
  readonly lossAtEnd?: PerProfile<number>
  readonly again?: PerProfile<readonly number[]>
}

type PerProfile<T> = Readonly<Partial<Record<ProfileName, T>>>

const MEASURED: readonly Measured[] = [
  {
    fault: 'interface-down',
    outageS: { default: [16, 22], tuned: [1.2, 2.5] },
    again: { default: [10.4] },
  },
  { fault: 'silent-cut', outageS: { default: [16, 20], tuned: [3.9, 7] } },
  {
    fault: 'one-way-cut',
    outageS: { default: [20, 20], tuned: [6.9, 6.9] },
    again: { default: [10.1, 16.1] },
  },
  { fault: 'frozen-node', outageS: { default: [16, 33], tuned: [4, 7] } },
  {
    fault: 'daemon-killed',
    outageS: { default: [6, 40], tuned: [0, 1.6] },
    again: { default: [0, 0, 0, 80], tuned: [0] },
  },
  { fault: 'daemon-stopped', outageS: { default: [4, 4], tuned: [0, 0] }, again: { default: [0, 0, 0] } },
  { fault: 'daemon-killed', role: 'destination', lossAtEnd: { default: 100, tuned: 100 } },
  { fault: 'daemon-stopped', role: 'destination', lossAtEnd: { default: 100, tuned: 100 } },
  { fault: 'black-hole', lossAtEnd: { default: 100, tuned: 100 } },
  { fault: 'forwarding-off', lossAtEnd: { default: 100, tuned: 100 } },
  { fault: 'grey-forwarding', lossAtEnd: { default: 54, tuned: 51 } },
  {
    fault: 'loss-20',
    lossAtEnd: { default: 38, tuned: 32 },
    again: { default: [18.7, 26.8, 38.2, 44.2, 48.2, 51.8], tuned: [13.3, 14.1, 16.7] },
  },
  {
    fault: 'loss-50',
    outageS: { default: [21, 21] },
    lossAtEnd: { tuned: 29 },
    again: { tuned: [3.4, 5.6] },
  },
  {
    fault: 'loss-50-one-way',
    outageS: { default: [12, 12] },
    lossAtEnd: { tuned: 49 },
    again: { default: [35.9, 46.6, 52.4], tuned: [5.3, 18.2] },
  },
  { fault: 'congested-link', lossAtEnd: { default: 66, tuned: 68 } },
  { fault: 'mtu-black-hole', lossAtEnd: { default: 100, tuned: 100 } },
  { fault: 'flapping', outageS: { default: [16, 16], tuned: [1.3, 1.3] }, again: { default: [3.1, 3.2] } },
  {
    fault: 'silent-flapping',
    outageS: { default: [13, 13], tuned: [4.4, 4.4] },
    again: { default: [3.1, 3.2, 3.2] },
  },
  { fault: 'route-hijack', lossAtEnd: { default: 97, tuned: 97 } },
  { fault: 'partition', lossAtEnd: { default: 100, tuned: 100 } },
]

const SETTLE_MS = 120_000
const FAULT_MS = 80_000

export interface BaselineRow {
  readonly fault: string
  readonly profile: ProfileName
  /** Median outage in s over the runs, and its range; 80 where it never healed. */
  readonly outageS: number
  readonly rangeS: readonly [number, number]
  readonly lossAtEnd: number
  readonly facts: string
  /** Median outage of the real daemons at random places like here, undefined where nobody measured. */
  readonly againS: number | undefined
  /** How far off the real daemons the simulated ones are: the nearer of the two figures; 1 within a range. */
  readonly factor: number
}

/** What the simulated daemons alone make of each fault, beside what the real ones did. */
export function baseline(profile: ProfileName, runs: number, shape = 'grid:4x4'): BaselineRow[] {
  return MEASURED.filter((m) => m.outageS?.[profile] ?? m.lossAtEnd?.[profile]).map((measured) => {
    const reports = Array.from({ length: runs }, (_, run) => trial(measured, profile, shape, run))
    const outages = reports.map((report) => report.outageMs / 1000)
    const lossAtEnd = 100 * mean(reports.map((report) => report.lossAtEnd ?? 0))
    const range = measured.outageS?.[profile]
    const loss = measured.lossAtEnd?.[profile] ?? 0
    const again = measured.again?.[profile]
    const againS = again && median([...again])
    const toFacts = range ? factorOf(median(outages), range) : factorOf(lossAtEnd, [loss, loss])
    const toAgain = againS === undefined ? toFacts : factorOf(median(outages), [againS, againS])
    return {
      fault: measured.role ? `${measured.fault} (${measured.role})` : measured.fault,
      profile,
      outageS: median(outages),
      rangeS: [Math.min(...outages), Math.max(...outages)],
      lossAtEnd,
      facts: range ? `${range[0]}-${range[1]} s` : `${loss} % lost`,
      againS,
      factor: Math.min(toFacts, toAgain),
    }
  })
}

function trial({ fault, role }: Measured, profile: ProfileName, shape: string, run: number) {
  const topology = builtinTopology(shape)
  if (topology === undefined) throw new Error(`no shape ${shape}`)
  const random = seededRandom(`baseline/${profile}/${fault}/${run}`)
  const mesh = new SimMesh({ random: random.fork('mesh') }, { topology, profile })
  mesh.advanceTo(SETTLE_MS)
  const placement = placeInSim(mesh, fault, random.fork('place'), role ? { role } : {})
  const bytes = probeBytes(fault)
  const prober = new SimProber({ mesh, clock: new RealClock() }, placement, { bytes })
  mesh.advanceTo(SETTLE_MS + 1000)
  const onset = mesh.now()
  strike(mesh, fault, placement.target)
  mesh.advanceTo(onset + FAULT_MS)
  return prober.report({ onset, consecutive: successesNeeded(fault) })
}

/** 1 inside the range, else the ratio to its nearer end; half a second counts for nothing. */
function factorOf(value: number, [low, high]: readonly [number, number]): number {
  const slack = 0.5
  if (value < low - slack) return (low + slack) / (value + slack)
  return value > high + slack ? (value + slack) / (high + slack) : 1
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { runs: { type: 'string' }, shape: { type: 'string' } } })
  console.log(
    'fault                        profile  outage s (range)   lost at end  facts       again   factor',
  )
  for (const profile of ['default', 'tuned'] as const) {
    for (const row of baseline(profile, Number(values.runs ?? 15), values.shape)) {
      const range = `${row.outageS.toFixed(1)} (${row.rangeS.map((s) => s.toFixed(0)).join('-')})`
      const cells = [
        row.fault.padEnd(28),
        profile.padEnd(8),
        range.padEnd(18),
        `${row.lossAtEnd.toFixed(0)} %`,
      ]
      const again = row.againS === undefined ? '' : `${row.againS.toFixed(1)} s`
      const real = [row.facts.padEnd(11), again.padEnd(7), row.factor.toFixed(1)]
      console.log(cells.join(' ').padEnd(70), real.join(' '), row.factor > 2 ? '<-- off' : '')
    }
  }
}
