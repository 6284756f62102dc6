/** Where a value comes from. `simulated` stays on a value to the last screen. */
export type Source = 'measured' | 'derived' | 'simulated'

export interface Known<T> {
  readonly known: true
  readonly value: T
  readonly source: Source
  /** Clock time of the observation, in ms. */
  readonly observedAt: number
}

/** Missing is neither zero nor healthy: nothing may be concluded from it. */
export interface Unknown {
  readonly known: false
  readonly reason?: string
}

export type Observation<T> = Known<T> | Unknown

export const UNKNOWN: Unknown = Object.freeze({ known: false })

export function known<T>(value: T, source: Source, observedAt: number): Known<T> {
  return { known: true, value, source, observedAt }
}

export function unknown(reason: string): Unknown {
  return { known: false, reason }
}

/** The value, or `fallback` where it is unknown. Name the fallback on purpose: it is never a measurement. */
export function valueOr<T, F>(observation: Observation<T>, fallback: F): T | F {
  return observation.known ? observation.value : fallback
}

/** Age in ms, or undefined where nothing was ever observed. */
export function ageOf(observation: Observation<unknown>, now: number): number | undefined {
  return observation.known ? now - observation.observedAt : undefined
}
