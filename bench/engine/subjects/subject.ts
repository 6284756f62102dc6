import { setTimeout as delay } from 'node:timers/promises'

export const STEPS = 1500
export const STEP_MS = 5
export const AGENTS = 100
const RESULT = 'x'.repeat(1000)

/** One step. */
export async function work(): Promise<string> {
  await delay(STEP_MS)
  return RESULT
}

/** Something that does the steps, so many at a time as there are agents. */
export interface Subject {
  /** Does all of them once, and gives the results that it has kept. */
  round(round: number): Promise<readonly unknown[]>
  close(): Promise<void>
}

export interface Place {
  /** For its files. */
  readonly directory: string
  /** Of its server, where it has one: a folder for PostgreSQL, a file for Redis. */
  readonly socket: string | undefined
}

/** What the module of a subject exports, as `open`. */
export type OpenSubject = (place: Place) => Promise<Subject>
