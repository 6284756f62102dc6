// The rule: the simulation repeats from its seed, what holds the attackers up knows nothing of who they are, and each
// control adds to the one before.
import { describe, expect, it } from 'vitest'
import { attenuate, type Capability } from '../../lab/attack/capability.ts'
import { ATTACKS, LAYERS, type Layer, simulate } from '../../lab/attack/index.ts'
import { buildWorld, LOOK, ROOT } from '../../lab/attack/world.ts'
import { attackJson } from '../../lab/drill/attack-drill.ts'
import { attackStory, attackTable } from '../../lab/drill/attack-text.ts'
import { agentId } from '../../src/core/index.ts'

const NEVER = new AbortController().signal
const HOUR = 3_600_000
const named = (name: string) => ATTACKS.find((one) => one.name === name)

function run(name: string | undefined, layer: Layer, seed = 'test') {
  const attack = name === undefined ? undefined : named(name)
  const options = { seed, layer, quietMs: HOUR / 6, watchMs: HOUR / 2 }
  return simulate(attack === undefined ? options : { ...options, attack }, NEVER)
}

it('the same seed gives the same attack, another one another', async () => {
  const [first, again, other] = [
    await run('coalition', 'oracle'),
    await run('coalition', 'oracle'),
    await run('coalition', 'oracle', 'other'),
  ]
  expect(again).toEqual(first)
  expect(other.decisions).not.toBe(first.decisions)
})

it.each(['coalition', 'single', 're-registering'])(
  'every control takes more from the attack: %s',
  async (name) => {
    const results = await Promise.all(LAYERS.map((layer) => run(name, layer)))
    const written = results.map((result) => result.written)
    expect(written).toEqual(written.toSorted((a, b) => b - a))
    expect(written[0]).toBeGreaterThan(300)
    expect(written[3]).toBeLessThanOrEqual(5)
    const [, , limits, oracle] = results
    expect(limits?.verdict).toBeUndefined()
    expect(oracle?.detectedAfterMs).toBeLessThan(60_000)
  },
)

it('a thief without the key writes nothing, and the holders stay at work', async () => {
  const { written, verdict, honestSuspended } = await run('stolen token', 'oracle')
  expect(written).toBe(0)
  expect(verdict).toMatchObject({ test: 'theft', suspends: 'nobody' })
  expect(honestSuspended).toEqual([])
})

it('without an attack nothing is written by attackers and nobody is suspended', async () => {
  const result = await run(undefined, 'oracle')
  expect(result).toMatchObject({ written: 0, honestSuspended: [], wrongVerdicts: [], verdict: undefined })
  expect(result.decisions).toBeGreaterThan(5000)
})

it('stops when it is asked to', async () => {
  const options = { seed: 'test', layer: 'oracle', quietMs: 0, watchMs: HOUR } as const
  await expect(simulate(options, AbortSignal.abort())).rejects.toThrow()
})

describe('a capability of the simulation', () => {
  const world = buildWorld()
  const [lead] = world.agents
  const parent = lead?.standing as Capability
  const same = { ...parent, id: 'child', ratePerMinute: 1, blastNodes: 1, windowMs: 600_000 }

  it('keeps its whole lineage, and a hundred agents have the same root', () => {
    expect(attenuate(parent, same).lineage.map(({ id }) => id)).toEqual([
      ...parent.lineage.map(({ id }) => id),
      'child',
    ])
    expect(world.agents).toHaveLength(100)
    expect(new Set(world.agents.map(({ standing }) => standing.lineage[0]?.id))).toEqual(new Set([ROOT]))
  })

  it.each([
    { actions: new Set([LOOK, 'everything']) },
    { nodes: new Set(world.nodes) },
    { ratePerMinute: 1e6 },
    { blastNodes: 1e6 },
    { windowMs: 1 },
  ])('is never wider than what it comes from: %#', (wider) => {
    expect(() => attenuate(parent, { ...same, holder: agentId('x'), ...wider })).toThrow('wider')
  })
})

it('the drill says how far an attack got, how it was stopped and why, and that it is simulated', async () => {
  const attack = named('re-registering')
  if (!attack) throw new Error('no such attack')
  const results = new Map<Layer, Awaited<ReturnType<typeof run>>>()
  for (const layer of LAYERS) results.set(layer, await run(attack.name, layer))
  const row = { attack, results }
  expect(attackStory(row)).toMatch(/no control \d+ of 1000, \+ capability/)
  expect(attackStory(row)).toMatch(/seen after \d+ s: .*\n.*because \d+ of \d+/)
  expect(attackTable([row])).toMatch(/^re-registering +\d+\.\d % .* s$/m)
  expect(attackJson(row)).toMatchObject({ source: 'simulated', nodes: 1000, honestSuspended: [] })
})
