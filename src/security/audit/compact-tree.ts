import { EMPTY_ROOT, HASH_BYTES, type MerkleHash, nodeHash } from './merkle.ts'

/**
 * The right edge of a Merkle tree: the roots of its whole subtrees, largest first. All that is needed to add leaves
 * and to know the root; it grows with the logarithm of the leaves. Frozen.
 */
export class CompactTree {
  static readonly EMPTY = new CompactTree(0, [])
  readonly size: number
  readonly #edge: readonly MerkleHash[]

  private constructor(size: number, edge: readonly MerkleHash[]) {
    this.size = size
    this.#edge = edge
    Object.freeze(this)
  }

  /** From what `bytes` gave; undefined where the two do not go together. */
  static from(size: number, bytes: Uint8Array): CompactTree | undefined {
    const whole = [...size.toString(2)].filter((bit) => bit === '1').length
    if (bytes.length !== whole * HASH_BYTES) return undefined
    const at = (n: number) => Buffer.from(bytes.subarray(n * HASH_BYTES, (n + 1) * HASH_BYTES))
    return new CompactTree(
      size,
      Array.from({ length: whole }, (_, n) => at(n)),
    )
  }

  get bytes(): Buffer {
    return Buffer.concat(this.#edge)
  }

  get root(): MerkleHash {
    const last = this.#edge.at(-1)
    return last
      ? this.#edge.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last)
      : EMPTY_ROOT
  }

  /** The tree with these leaves as well. */
  with(leaves: Iterable<MerkleHash>): CompactTree {
    const edge = [...this.#edge]
    let size = this.size
    for (const leaf of leaves) {
      let right = leaf
      // Two whole subtrees of the same size are one of twice the size.
      for (let smaller = size; smaller % 2 === 1; smaller = Math.floor(smaller / 2)) {
        const left = edge.pop()
        if (left) right = nodeHash(left, right)
      }
      edge.push(right)
      size++
    }
    return new CompactTree(size, edge)
  }
}
