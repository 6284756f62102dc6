import { CapabilityVerifier, signRequest, TokenJudge } from '../../src/security/index.ts'
import type { BenchOptions } from '../options.ts'
import type { Part } from '../part.ts'
import { type BenchRow, goalOf, rowOf } from '../report.ts'
import { type Authority, authority, type Question, questions } from './authority.ts'
import { perCpuSecond } from './rate.ts'

const METRIC = 'decisions_per_cpu_s'
const ATTENUATIONS = [0, 1, 2, 3]
/** Fewer than the thread keeps parsed. */
const TOKENS = 200

interface Effort {
  readonly rounds: number
  readonly cold: number
  readonly cached: number
  readonly signed: number
}

const FULL: Effort = { rounds: 5, cold: 4000, cached: 300_000, signed: 10_000 }
const QUICK: Effort = { rounds: 3, cold: 400, cached: 60_000, signed: 1000 }

/**
 * Cold: a token that was never seen, or long ago. Warm: its signatures are verified already. Cached: the decision itself
 * is known. With proof: what a node does, cached and with the holder's signature to verify.
 */
export async function speedPart({ quick, seed }: BenchOptions, signal: AbortSignal): Promise<Part> {
  const effort = quick ? QUICK : FULL
  const rows: BenchRow[] = []
  for (const attenuations of ATTENUATIONS) {
    if (signal.aborted) break
    const name = `${attenuations} attenuations`
    rows.push(await engineRow(seed, attenuations, effort, { case: name, subject: 'cold' }, 1, signal))
    rows.push(await engineRow(seed, attenuations, effort, { case: name, subject: 'warm' }, TOKENS, signal))
  }
  for (const attenuations of [0, 3]) {
    if (signal.aborted) break
    const from = authority(seed)
    try {
      const asked = await questions(from, TOKENS, attenuations, signal)
      rows.push(await cachedRow(from, asked, effort, `${attenuations} attenuations`, signal))
      rows.push(await proofRow(from, asked, effort, `${attenuations} attenuations`, signal))
    } finally {
      await from.engine.close()
    }
  }
  const plain = (subject: string) => {
    const row = rows.find((one) => one.case === '0 attenuations' && one.subject === subject)
    return row ? row.median : null
  }
  const goals = [
    goalOf('cold decisions', '>=', 1500, plain('cold'), 'a CPU second'),
    goalOf('cached decisions', '>=', 300_000, plain('cached'), 'a CPU second'),
  ]
  return { rows, goals }
}

/** With `parsed` tokens kept by the thread: one, and each decision begins with the signatures. */
async function engineRow(
  seed: number,
  attenuations: number,
  { rounds, cold }: Effort,
  what: Pick<BenchRow, 'case' | 'subject'>,
  parsed: number,
  signal: AbortSignal,
): Promise<BenchRow> {
  const from = authority(seed, { parsedTokens: parsed })
  try {
    const asked = await questions(from, TOKENS, attenuations, signal)
    const judge = new TokenJudge({ ...from, root: from.root.publicKey }, { cacheSize: 0 })
    const decide = judging(judge, asked, signal)
    await perCpuSecond(TOKENS, decide)
    const rates: number[] = []
    for (let round = 0; round < rounds && !signal.aborted; round++)
      rates.push(await perCpuSecond(cold, decide))
    return rowOf({ ...what, metric: METRIC }, rates)
  } finally {
    await from.engine.close()
  }
}

async function cachedRow(
  { engine, clock, root }: Authority,
  asked: readonly Question[],
  { rounds, cached }: Effort,
  name: string,
  signal: AbortSignal,
): Promise<BenchRow> {
  const judge = new TokenJudge({ engine, clock, root: root.publicKey })
  const decide = judging(judge, asked, signal)
  await perCpuSecond(TOKENS, decide)
  const rates: number[] = []
  for (let round = 0; round < rounds && !signal.aborted; round++)
    rates.push(await perCpuSecond(cached, decide))
  return rowOf({ case: name, subject: 'cached', metric: METRIC }, rates)
}

/** The holder's work, to sign, is not counted. */
async function proofRow(
  { engine, clock, root, holder }: Authority,
  asked: readonly Question[],
  { rounds, signed }: Effort,
  name: string,
  signal: AbortSignal,
): Promise<BenchRow> {
  const verifier = new CapabilityVerifier(
    { engine, clock, root: root.publicKey },
    { session: 'bench', skewMs: 60_000, replays: signed * rounds },
  )
  const rates: number[] = []
  for (let round = 0; round < rounds && !signal.aborted; round++) {
    const at = clock.now()
    const requests = Array.from({ length: signed }, (_, index) => {
      const { token, ask } = questionOf(asked, index)
      return signRequest(
        { token, ask, params: ask.params, session: 'bench', nonce: `${round} ${index}`, at },
        holder,
      )
    })
    const decide = async (index: number) => {
      const { token, ask } = questionOf(asked, index)
      return (await verifier.verify(token, requests[index], ask, signal)).allowed
    }
    rates.push(await perCpuSecond(signed, decide))
  }
  return rowOf({ case: name, subject: 'cached, with proof', metric: METRIC }, rates)
}

function judging(judge: TokenJudge, asked: readonly Question[], signal: AbortSignal) {
  return async (index: number): Promise<boolean> => {
    const { token, ask } = questionOf(asked, index)
    return (await judge.judge(token, ask, signal)).allowed
  }
}

function questionOf(asked: readonly Question[], index: number): Question {
  const question = asked[index % asked.length]
  if (!question) throw new Error('no tokens')
  return question
}
