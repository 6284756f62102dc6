import { afterAll, beforeAll, expect, it } from 'vitest'
import { CATALOGUE, Lab, loadTopology, placeFault } from '../../lab/index.ts'
import { seededRandom } from '../../src/core/index.ts'
import { describeLab, testName } from './lab-here.ts'

const signal = AbortSignal.timeout(60_000)

describeLab(
  'a random fault strikes where traffic flows and leaves a way around',
  () => {
    let lab: Lab

    beforeAll(async () => {
      lab = await Lab.up(await loadTopology('ring:6'), { name: testName('place'), profile: 'tuned' }, signal)
      await lab.waitConverged(signal)
    }, 60_000)

    afterAll(async () => {
      await lab?.down()
    })

    it.each(CATALOGUE.map((kind) => [kind.id]))('%s', async (id) => {
      const placed = await placeFault(lab, id, seededRandom(`place-${id}`), signal)
      const { from, to, path, target } = placed
      expect([path[0], path.at(-1)]).toEqual([from, to])
      if (target.kind === 'link') expect(path.indexOf(target.to)).toBe(path.indexOf(target.from) + 1)
      if (target.kind === 'node') expect(path.slice(1, -1)).toContain(target.node)
      if (target.kind === 'prefix') expect(target.victim).toBe(to)
      if (target.kind === 'cut') expect(target.side.includes(from)).not.toBe(target.side.includes(to))
    })

    it('the destination itself is struck when asked for', async () => {
      const placed = await placeFault(lab, 'daemon-killed', seededRandom('d'), signal, {
        role: 'destination',
      })
      expect(placed.target).toEqual({ kind: 'node', node: placed.to })
    })
  },
  60_000,
)
