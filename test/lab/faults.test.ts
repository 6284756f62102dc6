import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { daemonStatus } from '../../lab/daemons.ts'
import {
  activeFaults,
  CATALOGUE,
  type FaultTarget,
  injectFault,
  Lab,
  loadTopology,
  Prober,
} from '../../lab/index.ts'
import { processesIn } from '../../lab/processes.ts'
import { runIn } from '../../lab/run.ts'
import { babelStatements } from '../../lab/socket.ts'
import { describeLab, testName } from './lab-here.ts'

const signal = AbortSignal.timeout(120_000)
// On a line there is no way around: what a fault does shows in the traffic, not in how the routing avoids it.
const LINK: FaultTarget = { kind: 'link', from: 'n2', to: 'n3' }
const NODE: FaultTarget = { kind: 'node', node: 'n2' }

async function lossBetween(lab: Lab, from: string, to: string, bytes: number, ms: number): Promise<number> {
  const prober = Prober.start(lab.node(from), lab.node(to), { bytes, intervalMs: 20 })
  const onset = Date.now()
  await delay(ms + 400)
  await prober.stop()
  const seen = prober.packets.filter((packet) => packet.sentAt >= onset && packet.sentAt < onset + ms)
  return seen.length === 0 ? 1 : seen.filter((packet) => !packet.answered).length / seen.length
}

/** Everything that a fault could leave behind on the nodes. */
async function traces(lab: Lab): Promise<string[]> {
  const found: string[] = []
  const processes = await processesIn(lab.nodes.map((node) => node.netns))
  for (const node of lab.nodes) {
    const script =
      'nft list tables; tc qdisc show | grep tbf; ip -o link | grep "state DOWN"; ip -o addr show lo'
    const text = await runIn(node.netns, [
      'sh',
      '-c',
      `${script}; cat /proc/sys/net/ipv6/conf/all/forwarding`,
    ])
    const daemons = processes.get(node.netns)?.map(({ command, state }) => `${state} ${command}`) ?? []
    found.push(`${node.id}\n${text}${daemons.map((line) => line.replace(/^[RSD] /, '')).join('\n')}`)
  }
  return found
}

describeLab(
  'every fault does what it claims and is taken back without a trace',
  () => {
    let lab: Lab
    let clean: string[]
    const active: { revert(): Promise<void> }[] = []
    const inject = async (id: string, target: FaultTarget): Promise<void> => {
      active.push(await injectFault(lab, id, target))
    }

    beforeAll(async () => {
      lab = await Lab.up(await loadTopology('line:4'), { name: testName('fault'), profile: 'tuned' }, signal)
      await lab.waitConverged(signal)
      clean = await traces(lab)
    }, 60_000)

    afterAll(async () => {
      await lab?.down()
    })

    const reverted = async (): Promise<void> => {
      for (const fault of active.splice(0)) {
        await fault.revert()
        await fault.revert()
      }
      await delay(100)
      expect(await activeFaults(lab)).toEqual([])
      expect(await traces(lab)).toEqual(clean)
      await lab.waitConverged(signal)
    }

    it('the catalogue has no two faults of one name', () => {
      expect(new Set(CATALOGUE.map((kind) => kind.id)).size).toBe(CATALOGUE.length)
      expect(CATALOGUE.length).toBeGreaterThanOrEqual(18)
    })

    it.each<[string, FaultTarget, number, number, number]>([
      ['silent-cut', LINK, 56, 1, 1],
      ['one-way-cut', LINK, 56, 1, 1],
      ['loss-20', LINK, 56, 0.2, 0.55],
      ['loss-50', LINK, 56, 0.55, 0.95],
      ['loss-20-one-way', LINK, 56, 0.08, 0.35],
      ['loss-50-one-way', LINK, 56, 0.3, 0.75],
      ['congested-link', LINK, 1400, 0.5, 1],
      ['mtu-black-hole', LINK, 1400, 1, 1],
      ['mtu-black-hole', LINK, 56, 0, 0],
      ['interface-down', LINK, 56, 1, 1],
      ['flapping', LINK, 56, 1, 1],
      ['silent-flapping', LINK, 56, 0.9, 1],
      ['black-hole', NODE, 56, 1, 1],
      ['grey-forwarding', NODE, 56, 0.35, 0.7],
      ['forwarding-off', NODE, 56, 1, 1],
      ['frozen-node', NODE, 56, 1, 1],
      ['partition', { kind: 'cut', side: ['n1', 'n2'] }, 56, 1, 1],
    ])('%s at %o, packets of %i bytes: loss from %d to %d', async (id, target, bytes, least, most) => {
      await inject(id, target)
      // What loses all or nothing shows at once, and before the routing has noticed; a share takes more packets.
      const ms = least === most ? 500 : 2500
      const loss = await lossBetween(lab, 'n1', 'n4', bytes, ms)
      expect(loss).toBeGreaterThanOrEqual(least)
      expect(loss).toBeLessThanOrEqual(most)
      await reverted()
    })

    it('a black hole still answers for itself', async () => {
      await inject('black-hole', NODE)
      expect(await lossBetween(lab, 'n1', 'n2', 56, 1000)).toBe(0)
      await reverted()
    })

    it.each([
      ['daemon-killed', 'dead'],
      ['daemon-stopped', 'stopped'],
    ])('%s leaves the daemon %s, and the undo leaves it running', async (id, state) => {
      await inject(id, NODE)
      expect((await daemonStatus(lab.nodes)).get('n2')).toBe(state)
      await reverted()
      expect((await daemonStatus(lab.nodes)).get('n2')).toBe('running')
    })

    it('wrong-metric is announced to the neighbour', async () => {
      await inject('wrong-metric', LINK)
      const [lines = []] = await babelStatements(lab.node('n2').socket, ['dump'], signal)
      await expect
        .poll(
          async () => (await babelStatements(lab.node('n3').socket, ['dump'], signal)).flat().join('\n'),
          {
            timeout: 8000,
          },
        )
        .toMatch(/neighbour .* txcost 5000 /)
      expect(lines.join('\n')).toMatch(/interface l1/)
      await reverted()
    })

    it('route-hijack draws the traffic of the victim', async () => {
      await inject('route-hijack', { kind: 'prefix', victim: 'n4', by: 'n2' })
      const loss = async () => lossBetween(lab, 'n1', 'n4', 56, 500)
      await expect.poll(loss, { timeout: 15_000 }).toBe(1)
      await reverted()
    })

    it('two faults at one place are taken back one by one', async () => {
      const cut = await injectFault(lab, 'silent-cut', LINK)
      const hole = await injectFault(lab, 'black-hole', NODE)
      await cut.revert()
      expect((await activeFaults(lab)).map((fault) => fault.fault)).toEqual(['black-hole'])
      active.push(hole)
      await reverted()
    })

    it('a fault at a place that is none is refused and leaves nothing', async () => {
      const far: FaultTarget = { kind: 'link', from: 'n1', to: 'n4' }
      await expect(injectFault(lab, 'silent-cut', far)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await expect(injectFault(lab, 'silent-cut', NODE)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
      await expect(injectFault(lab, 'gremlin', NODE)).rejects.toThrow(/there are:/)
      await reverted()
    })
  },
  60_000,
)
