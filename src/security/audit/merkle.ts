import { hash } from 'node:crypto'

/** SHA-256: 32 bytes. */
export type MerkleHash = Buffer

export const HASH_BYTES = 32

const LEAF = Buffer.of(0)
const NODE = Buffer.of(1)

/** Of the tree without leaves. */
export const EMPTY_ROOT: MerkleHash = sha256(Buffer.alloc(0))

/** RFC 6962, 2.1: leaves and nodes are hashed with different prefixes, so that neither can pass for the other. */
export function leafHash(leaf: string): MerkleHash {
  return sha256(Buffer.concat([LEAF, Buffer.from(leaf)]))
}

export function nodeHash(left: MerkleHash, right: MerkleHash): MerkleHash {
  return sha256(Buffer.concat([NODE, left, right]))
}

function sha256(bytes: Buffer): MerkleHash {
  return hash('sha256', bytes, 'buffer')
}

/** Whether the leaf is number `index` (from 0) of the tree of `size` leaves with that root. RFC 9162, 2.1.3.2. */
export function verifyInclusion(
  { index, size, root }: { readonly index: number; readonly size: number; readonly root: MerkleHash },
  leaf: MerkleHash,
  proof: readonly MerkleHash[],
): boolean {
  if (!areHashes([root, leaf, ...proof]) || !isIndex(index) || !isIndex(size) || index >= size) return false
  let [at, last] = [index, size - 1]
  let above = leaf
  for (const sibling of proof) {
    if (last === 0) return false
    if (isOdd(at) || at === last) {
      above = nodeHash(sibling, above)
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)]
    } else above = nodeHash(above, sibling)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && above.equals(root)
}

export interface TreeHead {
  /** Leaves. */
  readonly size: number
  readonly root: MerkleHash
}

/**
 * Whether the leaves of the older tree are the first leaves of the newer one. RFC 9162, 2.1.4.2. Nothing can be said
 * of an empty tree: false.
 */
export function verifyConsistency(older: TreeHead, newer: TreeHead, proof: readonly MerkleHash[]): boolean {
  if (!areHashes(proof) || !isIndex(older.size) || !isIndex(newer.size)) return false
  if (older.size === 0 || older.size > newer.size) return false
  if (older.size === newer.size) return proof.length === 0 && older.root.equals(newer.root)
  let [at, last] = [older.size - 1, newer.size - 1]
  while (isOdd(at)) [at, last] = [half(at), half(last)]
  // An older tree that is whole is a node of the newer one; its root need not be sent.
  const [seed, ...rest] = at === 0 ? [older.root, ...proof] : proof
  if (seed === undefined) return false
  let [olderAbove, newerAbove] = [seed, seed]
  for (const sibling of rest) {
    if (last === 0) return false
    if (isOdd(at) || at === last) {
      olderAbove = nodeHash(sibling, olderAbove)
      newerAbove = nodeHash(sibling, newerAbove)
      while (!isOdd(at) && at !== 0) [at, last] = [half(at), half(last)]
    } else newerAbove = nodeHash(newerAbove, sibling)
    ;[at, last] = [half(at), half(last)]
  }
  return last === 0 && olderAbove.equals(older.root) && newerAbove.equals(newer.root)
}

/** Numbers of leaves outgrow the 32 bits of JavaScript's shifts. */
function half(n: number): number {
  return Math.floor(n / 2)
}

function isOdd(n: number): boolean {
  return n % 2 === 1
}

function isIndex(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0
}

function areHashes(hashes: readonly MerkleHash[]): boolean {
  return hashes.every(({ length }) => length === HASH_BYTES)
}
