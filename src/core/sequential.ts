import { meshSwarmError } from './errors.ts'

export interface CusumOptions {
  /** The level that is in order. 0 unless told. */
  readonly target?: number
  /** The slack k: half of the smallest shift worth an alarm, in the unit of the values. */
  readonly drift: number
  /** The alarm limit h, in the unit of the values. */
  readonly threshold: number
}

/**
 * One-sided CUSUM (Page, 1954) against a shift upwards: S = max(0, S + x - target - k), alarm while S > h. For
 * a shift downwards give it negated values. It goes on after an alarm; `reset` starts anew.
 */
export class Cusum {
  readonly #offset: number
  readonly #threshold: number
  #sum = 0

  constructor({ target = 0, drift, threshold }: CusumOptions) {
    if (!(drift >= 0 && threshold > 0)) {
      throw meshSwarmError('INVALID_INPUT', 'A CUSUM takes a drift >= 0 and a threshold > 0.')
    }
    this.#offset = target + drift
    this.#threshold = threshold
  }

  get sum(): number {
    return this.#sum
  }

  /** Takes one value; true while in alarm. Throws INVALID_INPUT for NaN, which counts as nothing. */
  update(value: number): boolean {
    if (Number.isNaN(value)) throw meshSwarmError('INVALID_INPUT', 'A CUSUM takes numbers, not NaN.')
    this.#sum = Math.max(0, this.#sum + value - this.#offset)
    return this.#sum > this.#threshold
  }

  reset(): void {
    this.#sum = 0
  }
}

export interface BernoulliSprtOptions {
  /** The success rate under the null hypothesis. */
  readonly p0: number
  /** The success rate under the alternative. */
  readonly p1: number
  /** The greatest rate of wrong `reject`s when p0 is true. */
  readonly alpha: number
  /** The greatest rate of wrong `accept`s when p1 is true. */
  readonly beta: number
}

/** `accept`: the null hypothesis p0 stands. `reject`: it does not, p1 does. */
export type SprtDecision = 'accept' | 'reject' | 'continue'

/**
 * Wald's sequential probability ratio test of a success rate: as few observations as the two error rates allow.
 * A decision stays, and further observations are ignored, until `restart`.
 */
export class BernoulliSprt {
  readonly #success: number
  readonly #failure: number
  readonly #acceptBelow: number
  readonly #rejectAbove: number
  #logRatio = 0
  #decision: SprtDecision = 'continue'

  constructor({ p0, p1, alpha, beta }: BernoulliSprtOptions) {
    const inside = [p0, p1, alpha, beta].every((p) => p > 0 && p < 1)
    if (!inside || p0 === p1 || alpha + beta >= 1) {
      throw meshSwarmError('INVALID_INPUT', 'An SPRT takes p0 != p1 and error rates, all within (0, 1).', {
        details: { p0, p1, alpha, beta },
      })
    }
    this.#success = Math.log(p1 / p0)
    this.#failure = Math.log((1 - p1) / (1 - p0))
    this.#acceptBelow = Math.log(beta / (1 - alpha))
    this.#rejectAbove = Math.log((1 - beta) / alpha)
  }

  get decision(): SprtDecision {
    return this.#decision
  }

  update(success: boolean): SprtDecision {
    if (this.#decision !== 'continue') return this.#decision
    this.#logRatio += success ? this.#success : this.#failure
    if (this.#logRatio <= this.#acceptBelow) this.#decision = 'accept'
    else if (this.#logRatio >= this.#rejectAbove) this.#decision = 'reject'
    return this.#decision
  }

  restart(): void {
    this.#logRatio = 0
    this.#decision = 'continue'
  }
}
