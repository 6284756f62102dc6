// The rule: the simulated daemons keep RFC 8966's promises: shortest paths after a quiet time, no loop at any
// instant, no counting to infinity, a fresh start after a restart.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Random, seededRandom } from '../../../src/core/index.ts'
import { SimMesh } from '../../../src/mesh/index.ts'
import { grid, randomMesh } from './shapes.ts'

const SEEDS = fc.integer({ min: 0, max: 1_000_000 })

function meshOf(seed: number, random: Random, converged = false): SimMesh {
  const topology = randomMesh(random.fork('shape'), 14, 12)
  return new SimMesh({ random: random.fork(`mesh${seed}`) }, { topology, profile: 'tuned', converged })
}

/** Costs of the shortest paths to `to`, by Bellman and Ford over the links' costs. */
function shortest(mesh: SimMesh, to: number): number[] {
  const { owner, peer, rev } = mesh.wiring
  const distance = new Array<number>(mesh.state.nodes).fill(Number.POSITIVE_INFINITY)
  distance[to] = 0
  for (let round = 0; round < mesh.state.nodes; round++) {
    for (let slot = 0; slot < owner.length; slot++) {
      const [u, v] = [owner[slot] as number, peer[slot] as number]
      const cost = mesh.state.rxcost[rev[slot] as number] as number
      distance[u] = Math.min(distance[u] as number, (distance[v] as number) + cost)
    }
  }
  return distance
}

/** Cost of the way that the kernels' tables take. */
function costOfWay(mesh: SimMesh, from: number, to: number): number {
  let cost = 0
  for (let node = from, hops = 0; node !== to; hops++) {
    const slot = mesh.state.kernel[node * mesh.state.width + to] as number
    if (slot < 0 || hops > mesh.state.nodes) return Number.POSITIVE_INFINITY
    cost += mesh.state.rxcost[mesh.wiring.rev[slot] as number] as number
    node = mesh.wiring.peer[slot] as number
  }
  return cost
}

describe('a quiet mesh', () => {
  test('settles on the shortest paths that Dijkstra finds', () => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const mesh = meshOf(seed, seededRandom(seed))
        mesh.advanceTo(240_000)
        for (let to = 0; to < mesh.state.nodes; to++) {
          const best = shortest(mesh, to)
          const taken = best.map((_, from) => costOfWay(mesh, from, to))
          expect(taken).toEqual(best)
        }
      }),
      { numRuns: 15 },
    )
  })

  test('begins there when it is built converged, and stays there', () => {
    const mesh = meshOf(1, seededRandom('converged'), true)
    for (const at of [0, 60_000, 300_000]) {
      mesh.advanceTo(at)
      for (let to = 0; to < mesh.state.nodes; to++) {
        const best = shortest(mesh, to)
        expect(best.map((_, from) => costOfWay(mesh, from, to))).toEqual(best)
      }
    }
  })
})

describe('loops', () => {
  test('never form, whatever links fail and come back', () => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const random = seededRandom(seed)
        const mesh = meshOf(seed, random, true)
        const { world, wiring } = mesh
        const end = 150_000
        for (let strike = 0; mesh.now() < end; strike++) {
          if (strike % 40 === 0) {
            const slot = random.int(wiring.owner.length)
            const back = wiring.rev[slot] as number
            switch (random.int(5)) {
              case 0:
                world.setCut(slot, true)
                break
              case 1:
                world.setCut(slot, true)
                world.setCut(back, true)
                break
              case 2:
                world.setInterfaceUp(slot, !world.ifaceUp[slot])
                break
              case 3:
                world.setLoss(slot, random.next())
                break
              default:
                for (const s of [slot, back]) {
                  world.setCut(s, false)
                  world.setLoss(s, 0)
                  world.setInterfaceUp(s, true)
                }
            }
          }
          // Every single event, as long as there are any close by.
          mesh.advanceTo(Math.max(mesh.nextEventAt(), mesh.now() + 10))
          expect(mesh.isLoopFree()).toBe(true)
        }
      }),
      { numRuns: 12 },
    )
  })

  test('never form while costs change and interfaces come and go', () => {
    fc.assert(
      fc.property(SEEDS, (seed) => {
        const random = seededRandom(seed)
        const mesh = meshOf(seed, random, true)
        while (mesh.now() < 100_000) {
          const slot = random.int(mesh.wiring.owner.length)
          if (random.chance(0.3)) mesh.dropInterface(slot)
          else mesh.addInterface(slot, 1 + random.int(5000))
          for (let i = 0; i < 30; i++) {
            mesh.advanceTo(Math.max(mesh.nextEventAt(), mesh.now() + 20))
            expect(mesh.isLoopFree()).toBe(true)
          }
        }
      }),
      { numRuns: 8 },
    )
  })
})

describe('a destination that is gone', () => {
  test('is forgotten without counting to infinity', () => {
    const mesh = new SimMesh(
      { random: seededRandom(3) },
      { topology: grid(4, 4), profile: 'tuned', converged: true },
    )
    mesh.advanceTo(10_000)
    mesh.world.setFrozen(15, true)
    const gone = () => {
      const { kernel, width } = mesh.state
      return Array.from({ length: 15 }, (_, u) => kernel[u * width + 15] as number).every(
        (entry) => entry < 0,
      )
    }
    let highest = 0
    for (let second = 11; second <= 40; second++) {
      mesh.advanceTo(second * 1000)
      for (let u = 0; u < 15; u++) {
        const cost = costOfWay(mesh, u, 15)
        if (cost !== Number.POSITIVE_INFINITY) highest = Math.max(highest, cost)
      }
    }
    expect(gone()).toBe(true)
    // The longest way in use was never longer than a detour through the whole grid.
    expect(highest).toBeLessThan(16 * 96)
  })
})

describe('a daemon', () => {
  test('that is killed leaves its kernel forwarding', () => {
    const mesh = new SimMesh({ random: seededRandom(4) }, { topology: grid(3, 1), converged: true })
    mesh.advanceTo(5000)
    mesh.killDaemon(1)
    mesh.advanceTo(6000)
    expect(mesh.send(0, 2, 100)).toBeGreaterThan(0)
    mesh.advanceTo(40_000)
    expect(mesh.send(0, 2, 100)).toBe(-1)
  })

  test('that is started again has a new router id, and traffic flows', () => {
    const mesh = new SimMesh({ random: seededRandom(5) }, { topology: grid(3, 1), converged: true })
    mesh.advanceTo(5000)
    const before = mesh.state.routerId[1]
    mesh.killDaemon(1)
    mesh.advanceTo(40_000)
    mesh.restartDaemon(1)
    mesh.advanceTo(60_000)
    expect(mesh.state.routerId[1]).not.toBe(before)
    expect(mesh.send(0, 2, 100)).toBeGreaterThan(0)
    expect(mesh.send(2, 1, 100)).toBeGreaterThan(0)
    expect(mesh.state.routeRouter.includes(mesh.state.routerId[1] as number)).toBe(true)
  })

  test('that is suspended goes on where it was', () => {
    const mesh = new SimMesh(
      { random: seededRandom(6) },
      { topology: grid(3, 1), profile: 'tuned', converged: true },
    )
    mesh.advanceTo(5000)
    const before = mesh.state.routerId[1]
    mesh.suspendDaemon(1)
    mesh.advanceTo(30_000)
    expect(mesh.send(0, 2, 100)).toBe(-1)
    mesh.resumeDaemon(1)
    mesh.advanceTo(40_000)
    expect(mesh.state.routerId[1]).toBe(before)
    expect(mesh.send(0, 2, 100)).toBeGreaterThan(0)
  })
})

test('the same seed gives the same mesh, event by event', () => {
  const run = () => {
    const mesh = meshOf(7, seededRandom('same'))
    mesh.advanceTo(20_000)
    mesh.world.setCut(3, true)
    mesh.world.setLoss(5, 0.4)
    mesh.advanceTo(70_000)
    return [mesh.state.kernel.join(), mesh.state.smoothed.join(), mesh.nextEventAt(), mesh.state.heap.size]
  }
  expect(run()).toEqual(run())
})
