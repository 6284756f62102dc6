import type { Clock } from '../core/index.ts'
import { AdaptiveLimit, type AdaptiveLimitOptions } from './adaptive-limit.ts'

/** What the tools of all agents call from outside (a model, a search), each with one limit for all of them. */
export class Upstreams {
  readonly #clock: Clock
  readonly #options: AdaptiveLimitOptions
  readonly #limits = new Map<string, AdaptiveLimit>()

  constructor({ clock }: { readonly clock: Clock }, options: AdaptiveLimitOptions = {}) {
    this.#clock = clock
    this.#options = options
  }

  limit(upstream: string): AdaptiveLimit {
    const known = this.#limits.get(upstream)
    if (known) return known
    const limit = new AdaptiveLimit({ clock: this.#clock }, this.#options)
    this.#limits.set(upstream, limit)
    return limit
  }
}
