import { seededRandom, VirtualClock } from '../../src/core/index.ts'
import type { Verdict } from '../../src/security/index.ts'
import type { AttackPlan } from './attackers.ts'
import { crisesOf } from './crisis.ts'
import { HonestWork } from './honest.ts'
import { HostileWork } from './hostile.ts'
import { type Layer, TargetNodes } from './target-nodes.ts'
import { buildWorld, type World } from './world.ts'

export interface SimulationOptions {
  readonly seed: string
  readonly layer: Layer
  readonly attack?: AttackPlan
  /** Honest work alone before an attack may begin. */
  readonly quietMs: number
  /** Watched from the beginning of the attack on; without one, from the end of the quiet time on. */
  readonly watchMs: number
}

export interface SimulationResult {
  readonly nodes: number
  /** Different nodes that the attackers wrote. */
  readonly written: number
  /** From the first hostile request to the first verdict about the attack; undefined: none. */
  readonly detectedAfterMs: number | undefined
  /** That verdict. */
  readonly verdict: Verdict | undefined
  /** Honest agents that were suspended. */
  readonly honestSuspended: readonly string[]
  /** Verdicts about nobody who attacks. */
  readonly wrongVerdicts: readonly Verdict[]
  readonly tries: number
  /** How the attackers' writes were answered. */
  readonly answers: ReadonlyMap<string, number>
  /** Decisions of all nodes, about everybody. */
  readonly decisions: number
}

const MINUTE_MS = 60_000

/** A mesh, its agents and their crises, and an attack on it, in virtual time. The same options give the same result. */
export async function simulate(options: SimulationOptions, signal: AbortSignal): Promise<SimulationResult> {
  const { seed, layer, attack, quietMs, watchMs } = options
  const random = seededRandom(seed)
  const clock = new VirtualClock()
  const world = buildWorld()
  const verdicts: Verdict[] = []
  const targets = new TargetNodes({ world, clock, onVerdict: (one) => verdicts.push(one) }, { layer })
  // An attack waits for its moment, an hour at the most.
  const latest = quietMs + 3_600_000
  const crises = crisesOf(random.fork('crises'), latest + watchMs, world.regions.length)
  const hostile = attack && new HostileWork({ world, clock, targets, random: random.fork('hostile') }, attack)
  const honest = new HonestWork({
    ...{ world, clock, targets, crises, random: random.fork('honest') },
    hasTurned: (agent) => hostile?.hasTurned(agent) ?? false,
    misuses: (agent, step) => hostile?.misuses(agent, step) ?? false,
  })
  honest.start()
  await clock.run(quietMs)
  if (hostile) {
    const crisis = crises.find(({ from }) => from >= quietMs)
    if (attack.begins === 'in a crisis' && crisis) await clock.run(crisis.from)
    while (!hostile.isArmed && attack.begins === 'with a step' && clock.now() < latest)
      await clock.advance(1000)
    hostile.start()
  }
  const began = clock.now()
  for (let done = 0; done < watchMs; done += MINUTE_MS) {
    signal.throwIfAborted()
    await clock.advance(MINUTE_MS)
  }
  return { ...resultOf(world, verdicts, hostile, targets, began), decisions: targets.decisions }
}

function resultOf(
  world: World,
  verdicts: readonly Verdict[],
  hostile: HostileWork | undefined,
  targets: TargetNodes,
  began: number,
): Omit<SimulationResult, 'decisions'> {
  const isAbout = ({ test, agents }: Verdict) =>
    agents.some((agent) => hostile?.log.agents.has(agent) || (test === 'theft' && hostile?.isMember(agent)))
  const found = verdicts.find((one) => isAbout(one) && one.openedAt >= began)
  const innocent = world.agents.filter(({ id }) => !hostile?.log.agents.has(id))
  return {
    nodes: world.nodes.length,
    written: hostile?.log.written.size ?? 0,
    detectedAfterMs: found && found.openedAt - began,
    verdict: found,
    honestSuspended: innocent.filter(({ standing }) => targets.isSuspended(standing)).map(({ id }) => id),
    wrongVerdicts: verdicts.filter((one) => !isAbout(one)),
    tries: hostile?.log.tries ?? 0,
    answers: hostile?.log.answers ?? new Map(),
  }
}
