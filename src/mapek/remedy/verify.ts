import { type Clock, throwIfCancelled } from '../../core/index.ts'
import type { NodePair } from '../health/probe-plan.ts'
import type { Proof } from '../incident/incident.ts'
import type { MapekOptions } from '../options.ts'
import type { MapekComponents, MeshEyes } from '../ports.ts'

export interface Verdict {
  readonly helped: boolean
  readonly text: string
  readonly tookMs: number
}

/** A path that has kept clear for so long and still loses packets loses them somewhere else. */
const CLEAR_MS = 3000
/** So many of the pairs are proof enough at the deadline. */
const MOST = 0.75

type PairVerdict = 'passes' | 'clear' | 'fails'

/**
 * A remedy has helped when every pair of its proof passes `verifyProbes` packets in a row end to end, on a path
 * that keeps clear of what was to be avoided. Where several things are broken at once, a pair whose path has long
 * been clear and that still loses packets speaks of another fault: it is enough then that one pair passes. One
 * verifier a pair; the deadline is one for all.
 */
export async function verifyProof(
  { eyes, workforce, clock }: Pick<MapekComponents, 'eyes' | 'workforce' | 'clock'>,
  proof: Proof,
  options: MapekOptions,
  signal: AbortSignal,
): Promise<Verdict> {
  const start = clock.now()
  const deadline = start + proof.withinMs
  const results = await workforce.fanOut(
    'verifier',
    proof.pairs,
    (_agent, pair, itemSignal) => untilPasses({ eyes, clock }, pair, proof, deadline, options, itemSignal),
    signal,
  )
  throwIfCancelled(signal, 'The verification')
  const count = (verdict: PairVerdict) =>
    results.filter((result) => result.ok && result.value === verdict).length
  const [passed, clear] = [count('passes'), count('clear')]
  const tookMs = clock.now() - start
  // No pair used it: nothing was lost for anybody, and nothing can be shown.
  const helped =
    passed >= proof.pairs.length * MOST ||
    (isDetour(proof) && passed > 0 && passed + clear === proof.pairs.length)
  return { helped, text: `${passed} of ${proof.pairs.length} pairs get through`, tookMs }
}

function isDetour({ avoidsLink, avoidsNode }: Proof): boolean {
  return avoidsLink !== undefined || avoidsNode !== undefined
}

async function untilPasses(
  { eyes, clock }: { readonly eyes: MeshEyes; readonly clock: Clock },
  pair: NodePair,
  proof: Proof,
  deadline: number,
  options: MapekOptions,
  signal: AbortSignal,
): Promise<PairVerdict> {
  let clearSince: number | undefined
  const request = {
    from: pair.from,
    to: pair.to,
    bytes: proof.bytes,
    count: options.verifyProbes,
    intervalMs: options.verifyIntervalMs,
    timeoutMs: options.probeTimeoutMs,
  }
  for (;;) {
    const started = clock.now()
    if (await keepsClear(eyes, pair, proof, signal)) {
      clearSince ??= started
      const [result] = await eyes.probe([request], signal)
      if (result !== undefined && result.received >= options.verifyProbes) return 'passes'
      if (isDetour(proof) && clock.now() - clearSince >= CLEAR_MS) return 'clear'
    } else clearSince = undefined
    if (clock.now() >= deadline) return 'fails'
    // A probe over a missing route fails at once: do not spin.
    await clock.sleep(Math.max(0, started + options.verifyIntervalMs - clock.now()), signal)
  }
}

async function keepsClear(
  eyes: MeshEyes,
  pair: NodePair,
  proof: Proof,
  signal: AbortSignal,
): Promise<boolean> {
  if (!isDetour(proof)) return true
  const snapshot = await eyes.snapshot(signal)
  const path = snapshot.routes.path(pair.from, pair.to)
  if (!path) return false
  const { avoidsNode } = proof
  if (avoidsNode !== undefined && path.slice(1, -1).includes(avoidsNode)) return false
  const link = proof.avoidsLink === undefined ? undefined : snapshot.links.get(proof.avoidsLink)
  if (!link) return true
  const ends = [link.a.node, link.b.node]
  return !path.some((node, index) => {
    const next = path[index + 1]
    return next !== undefined && ends.includes(node) && ends.includes(next)
  })
}
