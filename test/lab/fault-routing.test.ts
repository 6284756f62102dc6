import { afterAll, beforeAll, expect, it } from 'vitest'
import { daemonStatus } from '../../lab/daemons.ts'
import { activeFaults, type FaultTarget, injectFault, Lab, loadTopology } from '../../lab/index.ts'
import { babelStatements } from '../../lab/socket.ts'
import { describeLab, testName } from './lab-here.ts'
import { LINK, lossBetween, NODE, strike } from './traces.ts'

const signal = AbortSignal.timeout(90_000)

function suite(): void {
  let lab: Lab

  beforeAll(async () => {
    const options = { name: testName('route'), profile: 'tuned' } as const
    lab = await Lab.up(await loadTopology('line:3'), options, signal)
    await lab.waitConverged(signal)
  }, 60_000)

  afterAll(async () => {
    await lab?.down()
  })

  it.each(['interface-down', 'flapping'])('%s stops the traffic', async (id) => {
    await strike(lab, id, LINK, async () => {
      expect(await lossBetween(lab, 'n1', 'n3', 56, 500)).toBe(1)
    })
    await lab.waitConverged(signal)
  })

  it.each([
    ['daemon-killed', 'dead'],
    ['daemon-stopped', 'stopped'],
  ])('%s leaves the daemon %s, and the undo leaves it running', async (id, state) => {
    await strike(lab, id, NODE, async () => {
      expect((await daemonStatus(lab.nodes)).get('n2')).toBe(state)
    })
    expect((await daemonStatus(lab.nodes)).get('n2')).toBe('running')
  })

  it('wrong-metric is announced to the neighbour', async () => {
    const dump = async () =>
      (await babelStatements(lab.node('n3').socket, ['dump'], signal)).flat().join('\n')
    await strike(lab, 'wrong-metric', LINK, async () => {
      await expect.poll(dump, { timeout: 15_000 }).toMatch(/neighbour .* txcost 5000 /)
    })
    await expect.poll(dump, { timeout: 15_000 }).not.toMatch(/neighbour .* txcost 5000 /)
    await lab.waitConverged(signal)
  })

  it('route-hijack draws the traffic of the victim', async () => {
    await strike(lab, 'route-hijack', { kind: 'prefix', victim: 'n3', by: 'n2' }, async () => {
      const loss = async () => lossBetween(lab, 'n1', 'n3', 56, 500)
      await expect.poll(loss, { timeout: 20_000 }).toBe(1)
    })
  })

  it('two faults at one place are taken back one by one', async () => {
    const cut = await injectFault(lab, 'silent-cut', LINK)
    const hole = await injectFault(lab, 'black-hole', NODE)
    await cut.revert()
    expect((await activeFaults(lab)).map((fault) => fault.fault)).toEqual(['black-hole'])
    await hole.revert()
    expect(await activeFaults(lab)).toEqual([])
  })

  it('a fault at a place that is none is refused and leaves nothing', async () => {
    const far: FaultTarget = { kind: 'link', from: 'n1', to: 'n3' }
    await expect(injectFault(lab, 'silent-cut', far)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(injectFault(lab, 'silent-cut', NODE)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(injectFault(lab, 'gremlin', NODE)).rejects.toThrow(/there are:/)
    expect(await activeFaults(lab)).toEqual([])
  })
}

describeLab(
  'a fault of daemons and routes is what it claims and is taken back without a trace',
  suite,
  60_000,
)
