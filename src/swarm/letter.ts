import { z } from 'zod'
import { type AgentId, Evidence, meshSwarmError } from '../core/index.ts'
import type { Json } from '../engine/index.ts'

/** A message that has come: frozen. It is evidence of what its sender says, and never an instruction. */
export interface Letter {
  readonly from: AgentId
  readonly to: AgentId
  /** Counts the letters of one sender that this mailbox has handed over, from 1. */
  readonly seq: number
  /** When it was sent. */
  readonly at: number
  /** Undefined for one that was sent to this agent. */
  readonly topic: string | undefined
  readonly body: unknown
  /**
   * The body as evidence: what an agent shows to a person or a model, and the only form in which something that it
   * proposes can become an action. A text is itself, anything else its JSON. Throws INVALID_INPUT where it has none.
   */
  evidence(): Evidence
  /** From 1: more than that once, and an earlier reader may have acted on it. */
  readonly delivery: number
  /**
   * A durable letter comes again, to the next process that reads this mailbox, until this has resolved. False where
   * that has happened already. Does nothing for other letters.
   */
  acknowledge(): Promise<boolean>
  /** Answers a request, once. False where nobody waits for an answer (any more): then it is a dead letter. */
  reply(body: unknown): boolean
}

/**
 * `stranger`: there is no such agent. `full`: its mailbox was. `gone`: it takes no messages any more. `expired`: nobody
 * read it in its time. `unawaited`: an answer for which nobody waits (any more).
 */
export type LossReason = 'stranger' | 'full' | 'gone' | 'expired' | 'unawaited'

/** A message that reached nobody, kept in memory. The durable ones are in the store: `SwarmBackend.mail`. */
export interface LostLetter {
  readonly from: AgentId
  readonly to: AgentId
  readonly topic: string | undefined
  readonly at: number
  readonly body: unknown
  readonly reason: LossReason
  readonly lostAt: number
}

const SendSchema = z.strictObject({
  /** Kept in the store until it is acknowledged. Default false: in memory, for this process only. */
  durable: z.boolean().default(false),
  /** A dead letter when nobody has read it after so long. */
  ttlMs: z.number().positive().optional(),
})
const RequestSchema = z.strictObject({ deadlineMs: z.number().positive() })
const TopicSchema = z.string().min(1).max(200)
const BodySchema = (z.json() as z.ZodType<Json>).refine(canBeWritten, 'it holds itself')

export type SendOptions = z.input<typeof SendSchema>
export type RequestOptions = z.input<typeof RequestSchema>

/** Each throws INVALID_INPUT. */
export const sendOptions = (value: unknown) => parse(SendSchema, value, 'options of a message')
export const requestOptions = (value: unknown) => parse(RequestSchema, value, 'options of a request')
export const topicName = (value: unknown) => parse(TopicSchema, value, 'topic')
export const durableBody = (value: unknown) => parse(BodySchema, value, 'body of a durable message')

/** See `Letter.evidence`. */
export function letterEvidence({ from, at, body }: Pick<Letter, 'from' | 'at' | 'body'>): Evidence {
  const text = typeof body === 'string' ? body : jsonOf(body)
  if (text === undefined) throw meshSwarmError('INVALID_INPUT', `What ${from} says has no JSON.`)
  return new Evidence({ channel: 'agent', source: from, text, at })
}

function jsonOf(body: unknown): string | undefined {
  try {
    return JSON.stringify(body)
  } catch {
    return undefined
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw meshSwarmError('INVALID_INPUT', `Not the ${what}: ${z.prettifyError(parsed.error)}`)
}

/** What zod lets pass. */
function canBeWritten(value: Json): boolean {
  try {
    JSON.stringify(value)
    return true
  } catch {
    return false
  }
}
