import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import { injectFault, Lab, loadTopology } from '../../lab/index.ts'
import { unusedLinks } from '../../lab/neighbours.ts'
import { namespacesLike } from '../../lab/netns.ts'
import { netnsPrefix } from '../../lab/plan.ts'
import { describeLab, testName } from './lab-here.ts'

const HOLDER = new URL('./hold-lab.ts', import.meta.url).pathname
const name = testName('life')

/** A process that builds a lab of that name and then waits; resolves once the lab is up. */
async function holder(): Promise<ReturnType<typeof spawn>> {
  const child = spawn(process.execPath, [HOLDER, name], { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve, reject) => {
    child.stdout.once('data', resolve)
    child.once('exit', () => reject(new Error('the holder ended early')))
  })
  return child
}

function ended(child: ReturnType<typeof spawn>): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()))
}

describeLab(
  'a lab leaves nothing behind, however its process ends',
  () => {
    const signal = AbortSignal.timeout(60_000)
    const left = () => namespacesLike(netnsPrefix(name))

    afterEach(async () => {
      await Lab.down({ name })
    })

    it('goes up, refuses a second one of its name, and goes down twice', async () => {
      const topology = await loadTopology('line:3')
      const lab = await Lab.up(topology, { name }, signal)
      expect(await left()).toHaveLength(3)
      expect(existsSync(lab.inventory)).toBe(true)
      await expect(Lab.up(topology, { name }, signal)).rejects.toMatchObject({ code: 'CONFLICT' })
      expect((await Lab.attach({ name })).plan).toEqual(lab.plan)
      await lab.down()
      await lab.down()
      expect(await left()).toEqual([])
      expect(existsSync(lab.plan.stateDir)).toBe(false)
      await expect(Lab.attach({ name })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    })

    it('is whole when the daemons use every link, and no longer when one has died', async () => {
      const options = { name, profile: 'tuned' } as const
      const lab = await Lab.up(await loadTopology('line:3'), options, signal)
      await lab.waitWhole(signal)
      expect(await unusedLinks(lab.plan, signal)).toEqual([])
      await injectFault(lab, 'daemon-killed', { kind: 'node', node: lab.plan.links[0]?.b.node ?? '' })
      expect(await unusedLinks(lab.plan, signal)).toHaveLength(2)
      await lab.down()
    })

    it('an aborted start leaves nothing', async () => {
      const abort = new AbortController()
      const starting = Lab.up(await loadTopology('grid:5x5'), { name }, abort.signal)
      setTimeout(() => abort.abort(), 120)
      await expect(starting).rejects.toThrow()
      expect(await left()).toEqual([])
    })

    it('goes down with its process on SIGTERM', async () => {
      const child = await holder()
      expect(await left()).toHaveLength(3)
      child.kill('SIGTERM')
      await ended(child)
      expect(await left()).toEqual([])
    })

    it('after kill -9 the next start cleans up and builds its own', async () => {
      const child = await holder()
      child.kill('SIGKILL')
      await ended(child)
      expect(await left()).toHaveLength(3)
      const lab = await Lab.up(await loadTopology('ring:4'), { name }, signal)
      expect(await left()).toHaveLength(4)
      expect((await lab.status(signal)).daemons).toEqual({ running: 4, stopped: 0, dead: 0 })
      await lab.down()
      expect(await left()).toEqual([])
    })

    it('after kill -9 the next start cleans up under whatever name', async () => {
      const child = await holder()
      child.kill('SIGKILL')
      await ended(child)
      expect(await left()).toHaveLength(3)
      await using other = await started(testName('other'))
      expect(await left()).toEqual([])
      expect((await other.lab.status(signal)).daemons).toEqual({ running: 4, stopped: 0, dead: 0 })
    })

    async function started(otherName: string) {
      const lab = await Lab.up(await loadTopology('ring:4'), { name: otherName }, signal)
      return { lab, [Symbol.asyncDispose]: () => lab.down() }
    }
  },
  60_000,
)
