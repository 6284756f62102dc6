// The rule: without a supervisor, faults of the simulated world last about as long as in the lab of real daemons.
import { expect, test } from 'vitest'
import { probeBytes, successesNeeded } from '../../../lab/drill/trial.ts'
import { CATALOGUE } from '../../../lab/faults/index.ts'
import { placeInSim, SIM_FAULTS, SimProber, strike } from '../../../lab/sim/index.ts'
import { median, RealClock, seededRandom } from '../../../src/core/index.ts'
import { type ProfileName, SimMesh } from '../../../src/mesh/index.ts'
import { grid } from './shapes.ts'

const SETTLED = 100_000

function outages(fault: string, profile: ProfileName, runs: number, watchMs: number) {
  return Array.from({ length: runs }, (_, run) => {
    const random = seededRandom(`${fault}/${profile}/${run}`)
    const mesh = new SimMesh({ random: random.fork('mesh') }, { topology: grid(4, 4), profile })
    mesh.advanceTo(SETTLED)
    const placement = placeInSim(mesh, fault, random)
    const prober = new SimProber({ mesh, clock: new RealClock() }, placement, { bytes: probeBytes(fault) })
    mesh.advanceTo(SETTLED + 1000)
    const onset = mesh.now()
    const undo = strike(mesh, fault, placement.target)
    mesh.advanceTo(onset + watchMs)
    const report = prober.report({ onset, consecutive: successesNeeded(fault) })
    undo()
    mesh.advanceTo(mesh.now() + 120_000)
    const after = prober.report({ onset: mesh.now() - 5000 })
    return { seconds: report.outageMs / 1000, censored: report.censored, lostAfterRevert: after.lost }
  })
}

test.each([
  ['silent-cut', 'default', 8, 40],
  ['silent-cut', 'tuned', 1.9, 14],
  ['interface-down', 'default', 8, 40],
  ['one-way-cut', 'default', 8, 40],
  ['frozen-node', 'default', 8, 40],
] as const)('%s, %s timers: the median outage is within a factor of two', (fault, profile, low, high) => {
  const runs = outages(fault, profile, 25, 80_000)
  const middle = median(runs.map(({ seconds }) => seconds))
  expect(middle).toBeGreaterThanOrEqual(low)
  expect(middle).toBeLessThanOrEqual(high)
})

test.each(['black-hole', 'forwarding-off', 'mtu-black-hole', 'route-hijack', 'partition'])(
  '%s is never healed by the daemons alone',
  (fault) => {
    for (const { censored } of outages(fault, 'tuned', 4, 60_000)) expect(censored).toBe(true)
  },
)

test.each(SIM_FAULTS)('%s can be taken back: everything is as it was', (fault) => {
  for (const { lostAfterRevert } of outages(fault, 'tuned', 2, 10_000)) expect(lostAfterRevert).toBe(0)
})

test('the simulated world knows the whole catalogue', () => {
  expect(SIM_FAULTS).toEqual(CATALOGUE.map(({ id }) => id))
})
