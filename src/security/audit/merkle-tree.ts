import { meshSwarmError } from '../../core/index.ts'
import { EMPTY_ROOT, type MerkleHash, nodeHash } from './merkle.ts'

/** A whole Merkle tree in memory, about 64 bytes a leaf: what proofs are made from. RFC 6962, 2.1. */
export class MerkleTree {
  /** `levels[k][i]`: the root of leaves i * 2^k to (i + 1) * 2^k. */
  readonly #levels: MerkleHash[][] = [[]]

  constructor(leaves: Iterable<MerkleHash> = []) {
    for (const leaf of leaves) this.append(leaf)
  }

  get size(): number {
    return this.#levels[0]?.length ?? 0
  }

  append(leaf: MerkleHash): void {
    let hash = leaf
    for (let k = 0; ; k++) {
      const level = this.#levels[k] ?? []
      this.#levels[k] = level
      level.push(hash)
      const left = level.at(-2)
      if (level.length % 2 === 1 || !left) return
      hash = nodeHash(left, hash)
    }
  }

  /** Of the first `size` leaves. */
  root(size = this.size): MerkleHash {
    this.#check(size)
    return size === 0 ? EMPTY_ROOT : this.#rootOf(0, size)
  }

  /** Proves that leaf `index` is in the tree of the first `size` leaves. Throws INVALID_INPUT where it is not. */
  inclusion(index: number, size = this.size): readonly MerkleHash[] {
    this.#check(size)
    if (!Number.isSafeInteger(index) || index < 0 || index >= size)
      throw meshSwarmError('INVALID_INPUT', `There is no entry ${index} among the first ${size}.`)
    return this.#path(index, 0, size)
  }

  /** Proves that the tree of the first `older` leaves is the beginning of that of the first `newer`. */
  consistency(older: number, newer = this.size): readonly MerkleHash[] {
    this.#check(newer)
    if (!Number.isSafeInteger(older) || older < 1 || older > newer)
      throw meshSwarmError('INVALID_INPUT', `No tree of ${older} leaves is the beginning of one of ${newer}.`)
    return this.#subproof(older, 0, newer, true)
  }

  /** Leaves `from` up to `to`, which is not among them. */
  #rootOf(from: number, to: number): MerkleHash {
    const stored = Number.isInteger(Math.log2(to - from))
      ? this.#levels[Math.log2(to - from)]?.[from / (to - from)]
      : undefined
    if (stored) return stored
    const middle = from + splitOf(to - from)
    return nodeHash(this.#rootOf(from, middle), this.#rootOf(middle, to))
  }

  #path(index: number, from: number, to: number): readonly MerkleHash[] {
    if (to - from === 1) return []
    const middle = from + splitOf(to - from)
    return index < middle
      ? [...this.#path(index, from, middle), this.#rootOf(middle, to)]
      : [...this.#path(index, middle, to), this.#rootOf(from, middle)]
  }

  /** `known`: the verifier has the root of these leaves already. */
  #subproof(older: number, from: number, to: number, known: boolean): readonly MerkleHash[] {
    if (older === to) return known ? [] : [this.#rootOf(from, to)]
    const middle = from + splitOf(to - from)
    return older <= middle
      ? [...this.#subproof(older, from, middle, known), this.#rootOf(middle, to)]
      : [...this.#subproof(older, middle, to, false), this.#rootOf(from, middle)]
  }

  #check(size: number): void {
    if (!Number.isSafeInteger(size) || size < 0 || size > this.size)
      throw meshSwarmError('INVALID_INPUT', `The tree has ${this.size} leaves, not ${size}.`)
  }
}

/** The largest power of two below `n`: what is left of the middle. */
function splitOf(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1))
}
