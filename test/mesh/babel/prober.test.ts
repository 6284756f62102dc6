import { beforeEach, describe, expect, it } from 'vitest'
import { type Cancel, RealClock } from '../../../src/core/index.ts'
import { Prober } from '../../../src/mesh/drivers/babel/host/prober.ts'
import { ScopeIndexes } from '../../../src/mesh/drivers/babel/host/scope-indexes.ts'
import { testMesh, whyNoMesh } from './netns-mesh.ts'

const skip = whyNoMesh()
const never = new AbortController().signal

/** Keeps its process busy for `busyMs` after what it calls next, at a moment when timers come before arrivals. */
class BusyClock extends RealClock {
  busyMs = 0

  override after(ms: number, fn: () => void): Cancel {
    return super.after(ms, () => {
      if (this.busyMs === 0) return fn()
      const wait = this.busyMs
      this.busyMs = 0
      setImmediate(() => {
        fn()
        for (const end = performance.now() + wait; performance.now() < end; );
      })
    })
  }
}

/** A packet is lost when it has not arrived in time, not when this process has not looked in time. */
describe('the prober', { timeout: 40_000 }, () => {
  beforeEach((context) => context.skip(skip !== undefined, skip))

  it('counts what arrived while its process was busy', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    const clock = new BusyClock()
    const prober = new Prober({ clock, scopes: new ScopeIndexes(false) })
    prober.setNodes(mesh.inventory.nodes)
    const probe = { from: 'n1', to: 'n2', address: 'fd00:6d62::2', bytes: 64, count: 1, intervalMs: 0 }
    const received = async () => (await prober.probe([{ ...probe, timeoutMs: 30 }], never))[0]?.received
    for (let tries = 0; tries < 200 && (await received()) !== 1; tries++) await clock.sleep(50)
    clock.busyMs = 100
    expect(await received()).toBe(1)
    await prober.close()
  })
})
