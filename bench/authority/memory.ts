import { median } from '../../src/core/index.ts'
import { TokenJudge } from '../../src/security/index.ts'
import { collectGarbage } from '../collect-garbage.ts'
import type { BenchOptions } from '../options.ts'
import type { Part } from '../part.ts'
import { goalOf, rowOf } from '../report.ts'
import { authority, questions } from './authority.ts'
import { perCpuSecond } from './rate.ts'

const TOKENS = 200
const MIB = 2 ** 20
const SAMPLES = 40

/**
 * What the process holds over a million decisions that the library makes, none from memory, and over as many from
 * memory. `--set decisions=N` for another number.
 */
export async function memoryPart(
  { quick, seed, set, log }: BenchOptions,
  signal: AbortSignal,
): Promise<Part> {
  const decisions = Number(set.get('decisions') ?? (quick ? 8_000 : 1_000_000))
  const from = authority(seed)
  try {
    const asked = await questions(from, TOKENS, 0, signal)
    const components = { ...from, root: from.root.publicKey }
    const run = async (judge: TokenJudge, name: string) => {
      const held: number[] = []
      const decide = async (index: number) => {
        const question = asked[index % asked.length]
        return question !== undefined && (await judge.judge(question.token, question.ask, signal)).allowed
      }
      for (let sample = 0; sample < SAMPLES && !signal.aborted; sample++) {
        await perCpuSecond(Math.ceil(decisions / SAMPLES), decide)
        collectGarbage()
        held.push(process.memoryUsage.rss() / MIB)
        if (sample % 10 === 9)
          log(`${name}: ${sample + 1} of ${SAMPLES}, ${Math.round(held.at(-1) ?? 0)} MiB`)
      }
      return held
    }
    const engine = await run(new TokenJudge(components, { cacheSize: 0 }), 'warm')
    const cached = await run(new TokenJudge(components), 'cached')
    const name = `memory over ${decisions} decisions`
    return {
      rows: [
        rowOf({ case: name, subject: 'warm', metric: 'rss_mib' }, engine),
        rowOf({ case: name, subject: 'cached', metric: 'rss_mib' }, cached),
      ],
      goals: [
        goalOf('growth of memory, warm', '<=', 1.1, growth(engine), 'x'),
        goalOf('growth of memory, cached', '<=', 1.1, growth(cached), 'x'),
      ],
    }
  } finally {
    await from.engine.close()
  }
}

/** The last third over the second one: the first is for what is there once. Undefined where it was stopped. */
function growth(held: readonly number[]): number | null {
  if (held.length < SAMPLES) return null
  const third = Math.floor(SAMPLES / 3)
  return median(held.slice(-third)) / median(held.slice(third, 2 * third))
}
