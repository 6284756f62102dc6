import { CapabilityVerifier, signRequest } from '../../src/security/index.ts'
import type { BenchOptions } from '../options.ts'
import type { Part } from '../part.ts'
import { type BenchRow, goalOf, rowOf } from '../report.ts'
import { authority, questions } from './authority.ts'

const METRIC = 'latency_ms'

/**
 * What a decision adds to the action that waits for it, by the clock on the wall: one at a time, with the holder's
 * signature, for a token that was never seen and for one whose decision is known.
 */
export async function latencyPart({ quick, seed }: BenchOptions, signal: AbortSignal): Promise<Part> {
  const rows: BenchRow[] = []
  const count = quick ? 100 : 1000
  for (const attenuations of [0, 3]) {
    const from = authority(seed, { parsedTokens: 1 })
    const { engine, clock, root, holder } = from
    try {
      const asked = await questions(from, count, attenuations, signal)
      const components = { engine, clock, root: root.publicKey }
      const verifier = new CapabilityVerifier(components, { session: 'bench' })
      for (const subject of ['cold', 'cached']) {
        const took: number[] = []
        for (const [index, { token, ask }] of asked.entries()) {
          const content = {
            token,
            ask,
            params: ask.params,
            session: 'bench',
            nonce: `${subject} ${index}`,
            at: clock.now(),
          }
          const request = signRequest(content, holder)
          const began = performance.now()
          const { allowed } = await verifier.verify(token, request, ask, signal)
          took.push(performance.now() - began)
          if (!allowed) throw new Error('a decision is wrong: nothing was measured')
        }
        rows.push(
          rowOf({ case: `${attenuations} attenuations, one at a time`, subject, metric: METRIC }, took),
        )
      }
    } finally {
      await engine.close()
    }
  }
  const worst = rows.find(({ case: name, subject }) => name.startsWith('3') && subject === 'cold')
  return { rows, goals: [goalOf('added to an action', '<=', 5, worst?.median ?? null, 'ms')] }
}
