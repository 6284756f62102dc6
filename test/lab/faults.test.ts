import { afterAll, beforeAll, expect, it } from 'vitest'
import { CATALOGUE, type FaultTarget, Lab, loadTopology } from '../../lab/index.ts'
import { describeLab, testName } from './lab-here.ts'
import { LINK, lossBetween, NODE, strike, untilAnswered, untilHeard } from './traces.ts'

const signal = AbortSignal.timeout(150_000)

function suite(): void {
  let lab: Lab

  // Default timers: the routing notices nothing while a loss is measured, so it is the fault that is measured.
  beforeAll(async () => {
    lab = await Lab.up(await loadTopology('line:3'), { name: testName('fault') }, signal)
    await lab.waitConverged(signal)
  }, 60_000)

  afterAll(async () => {
    await lab?.down()
  })

  it('the catalogue has no two faults of one name', () => {
    expect(new Set(CATALOGUE.map((kind) => kind.id)).size).toBe(CATALOGUE.length)
    expect(CATALOGUE.length).toBeGreaterThanOrEqual(18)
  })

  it.each<[string, FaultTarget, number, number, number]>([
    ['loss-20', LINK, 56, 0.2, 0.55],
    ['loss-50', LINK, 56, 0.55, 0.95],
    ['loss-20-one-way', LINK, 56, 0.08, 0.35],
    ['loss-50-one-way', LINK, 56, 0.3, 0.75],
    ['congested-link', LINK, 1400, 0.5, 1],
    ['mtu-black-hole', LINK, 1400, 1, 1],
    ['mtu-black-hole', LINK, 56, 0, 0],
    ['black-hole', NODE, 56, 1, 1],
    ['grey-forwarding', NODE, 56, 0.35, 0.7],
    ['forwarding-off', NODE, 56, 1, 1],
    ['one-way-cut', LINK, 56, 1, 1],
    ['silent-cut', LINK, 56, 1, 1],
    ['silent-flapping', LINK, 56, 1, 1],
    ['frozen-node', NODE, 56, 1, 1],
    ['partition', { kind: 'cut', side: ['n1', 'n2'] }, 56, 1, 1],
  ])('%s at %o, packets of %i bytes: loss from %d to %d', async (id, target, bytes, least, most) => {
    await lab.waitConverged(signal)
    // The hellos that the case before has lost, and one or two more, would make the daemons give up the link.
    if (least < most) await untilHeard(lab, signal)
    await untilAnswered(lab, 'n1', 'n3', signal)
    await strike(lab, id, target, async () => {
      // What loses all or nothing shows at once; a share takes more packets.
      const ms = least === most ? 500 : 2500
      const loss = await lossBetween(lab, 'n1', 'n3', bytes, ms)
      expect(loss).toBeGreaterThanOrEqual(least)
      expect(loss).toBeLessThanOrEqual(most)
    })
  })

  it('a black hole still answers for itself', async () => {
    await strike(lab, 'black-hole', NODE, async () => {
      expect(await lossBetween(lab, 'n1', 'n2', 56, 500)).toBe(0)
    })
  })
}

describeLab('a fault costs traffic what it claims and is taken back without a trace', suite, 60_000)
