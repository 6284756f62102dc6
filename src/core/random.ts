import { meshSwarmError } from './errors.ts'

/** Repeatable random numbers: the same seed and the same calls give the same values on every machine. */
export interface Random {
  /** Uniform in [0, 1), with 53 random bits. */
  next(): number
  /** A whole number in [0, n), without bias. Throws INVALID_INPUT unless n is whole, from 1 to 2^32. */
  int(n: number): number
  /** True with probability `p`. */
  chance(p: number): boolean
  /** One of the items. Throws INVALID_INPUT for an empty list. */
  pick<T>(items: readonly T[]): T
  /** A new list with the same items in random order. */
  shuffle<T>(items: readonly T[]): T[]
  /** Normal with mean 0 and standard deviation 1 unless told. */
  normal(mean?: number, deviation?: number): number
  /** Exponential with mean 1 unless told. */
  exponential(mean?: number): number
  /**
   * An independent stream. It depends on the seed and the label alone, not on what was drawn before, so that
   * one more draw in one place changes nothing elsewhere. The same label twice is the same stream twice.
   */
  fork(label: string): Random
}

export function seededRandom(seed: number | string): Random {
  return new Xoshiro128(String(seed))
}

/** A seed that nobody can repeat, for production: write it to the journal and the run can be repeated. */
export function entropySeed(): string {
  return crypto.randomUUID()
}

/** The raw generator, xoshiro128** 1.1 of Blackman and Vigna (2018): 32 random bits a call, period 2^128 - 1. */
export function xoshiro128(state: readonly [number, number, number, number]): () => number {
  let [a, b, c, d] = state
  return () => {
    const scrambled = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9)
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = rotateLeft(d, 11)
    return scrambled >>> 0
  }
}

const UINT32 = 2 ** 32

class Xoshiro128 implements Random {
  readonly #seed: string
  readonly #bits: () => number
  #spareNormal: number | undefined

  constructor(seed: string) {
    this.#seed = seed
    this.#bits = xoshiro128(hash128(seed))
  }

  next(): number {
    const high = this.#bits() >>> 5
    const low = this.#bits() >>> 6
    return (high * 2 ** 26 + low) / 2 ** 53
  }

  int(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > UINT32) {
      throw meshSwarmError('INVALID_INPUT', `int(n) takes a whole n from 1 to 2^32, not ${n}.`)
    }
    // Draws above the last whole multiple of n would favour small results: draw again.
    const unbiased = UINT32 - (UINT32 % n)
    let draw = this.#bits()
    while (draw >= unbiased) draw = this.#bits()
    return draw % n
  }

  chance(p: number): boolean {
    return this.next() < p
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw meshSwarmError('INVALID_INPUT', 'pick() from an empty list.')
    return items[this.int(items.length)] as T
  }

  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = items.slice()
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.int(i + 1)
      const moved = shuffled[i] as T
      shuffled[i] = shuffled[j] as T
      shuffled[j] = moved
    }
    return shuffled
  }

  normal(mean = 0, deviation = 1): number {
    return mean + deviation * this.#standardNormal()
  }

  exponential(mean = 1): number {
    return -mean * Math.log(1 - this.next())
  }

  fork(label: string): Random {
    return new Xoshiro128(`${this.#seed}/${label}`)
  }

  /** Marsaglia's polar method: two values at a time, the second one kept. */
  #standardNormal(): number {
    const spare = this.#spareNormal
    if (spare !== undefined) {
      this.#spareNormal = undefined
      return spare
    }
    for (;;) {
      const x = 2 * this.next() - 1
      const y = 2 * this.next() - 1
      const s = x * x + y * y
      if (s > 0 && s < 1) {
        const scale = Math.sqrt((-2 * Math.log(s)) / s)
        this.#spareNormal = y * scale
        return x * scale
      }
    }
  }
}

function rotateLeft(x: number, by: number): number {
  return (x << by) | (x >>> (32 - by))
}

/** Any text to 128 bits, never all zero: four FNV-1a lanes, each mixed with murmur3's finaliser. */
function hash128(text: string): [number, number, number, number] {
  const lane = (offset: number) => {
    let hash = 0x811c9dc5 ^ offset
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
    return hash ^ (hash >>> 16)
  }
  return [lane(0), lane(0x9e3779b9), lane(0x3c6ef372), lane(0xdaa66d2b) | 1]
}
