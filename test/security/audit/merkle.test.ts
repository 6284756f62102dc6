// The rule: for a log of any size there is a proof for every entry and every earlier size, and no change gets through.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { CompactTree } from '../../../src/security/audit/compact-tree.ts'
import {
  EMPTY_ROOT,
  leafHash,
  type MerkleHash,
  nodeHash,
  verifyConsistency,
  verifyInclusion,
} from '../../../src/security/audit/merkle.ts'
import { MerkleTree } from '../../../src/security/audit/merkle-tree.ts'

/** RFC 6962, 2.1, word for word: the reference. */
function rootOf(leaves: readonly MerkleHash[]): MerkleHash {
  const [first] = leaves
  if (first === undefined) return EMPTY_ROOT
  if (leaves.length === 1) return first
  let k = 1
  while (k * 2 < leaves.length) k *= 2
  return nodeHash(rootOf(leaves.slice(0, k)), rootOf(leaves.slice(k)))
}

const leavesOf = (size: number) => Array.from({ length: size }, (_, n) => leafHash(`entry ${n}`))
const size = fc.integer({ min: 1, max: 300 })

/** A size, and a place below it. */
const sizeAndIndex = size.chain((n) => fc.tuple(fc.constant(n), fc.integer({ min: 0, max: n - 1 })))

test('the empty log and its first entry have the roots that RFC 6962 says', () => {
  expect(EMPTY_ROOT.toString('hex')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  expect(leafHash('').toString('hex')).toBe(
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  )
  expect(CompactTree.EMPTY.root).toEqual(EMPTY_ROOT)
  expect(new MerkleTree().root()).toEqual(EMPTY_ROOT)
})

test('both trees have the root of the definition, at every size on the way', () => {
  const leaves = leavesOf(130)
  const tree = new MerkleTree(leaves)
  let compact = CompactTree.EMPTY
  for (let n = 0; n <= leaves.length; n++) {
    const wanted = rootOf(leaves.slice(0, n))
    expect(tree.root(n)).toEqual(wanted)
    expect(compact.root).toEqual(wanted)
    expect(CompactTree.from(n, compact.bytes)?.root).toEqual(wanted)
    compact = compact.with(leaves.slice(n, n + 1))
  }
})

test('the edge of another size is none', () => {
  fc.assert(
    fc.property(size, fc.integer({ min: 0, max: 300 }), (n, other) => {
      const { bytes } = CompactTree.EMPTY.with(leavesOf(n))
      const ones = (value: number) => value.toString(2).replaceAll('0', '').length
      expect(CompactTree.from(other, bytes) === undefined).toBe(ones(other) !== ones(n))
    }),
  )
})

test('each entry is proved to be where it is, and nowhere else, and no other is', () => {
  fc.assert(
    fc.property(sizeAndIndex, fc.nat(), ([n, index], other) => {
      const leaves = leavesOf(n)
      const tree = new MerkleTree(leaves)
      const root = tree.root()
      const proof = tree.inclusion(index)
      const leaf = leafHash(`entry ${index}`)
      expect(verifyInclusion({ index, size: n, root }, leaf, proof)).toBe(true)
      expect(verifyInclusion({ index, size: n, root }, leafHash('another'), proof)).toBe(false)
      const elsewhere = other % (n + 2)
      if (elsewhere !== index)
        expect(verifyInclusion({ index: elsewhere, size: n, root }, leaf, proof)).toBe(false)
    }),
  )
})

test('each earlier size is proved to be the beginning of the log, and no other log is', () => {
  fc.assert(
    fc.property(sizeAndIndex, ([n, index]) => {
      const older = index + 1
      const tree = new MerkleTree(leavesOf(n))
      const [before, after] = [
        { size: older, root: tree.root(older) },
        { size: n, root: tree.root() },
      ]
      const proof = tree.consistency(older)
      expect(verifyConsistency(before, after, proof)).toBe(true)
      const changed = leavesOf(older)
      changed[index] = leafHash('another')
      expect(verifyConsistency({ size: older, root: rootOf(changed) }, after, proof)).toBe(false)
    }),
  )
})

test('one bit more or less in a proof, or a hash more or less, and it proves nothing', () => {
  fc.assert(
    fc.property(sizeAndIndex, fc.nat(), fc.nat({ max: 255 }), ([n, index], place, bit) => {
      const tree = new MerkleTree(leavesOf(n))
      const root = tree.root()
      const leaf = leafHash(`entry ${index}`)
      const older = { size: index + 1, root: tree.root(index + 1) }
      const accepts = (inclusion: readonly MerkleHash[], consistency: readonly MerkleHash[]) => [
        verifyInclusion({ index, size: n, root }, leaf, inclusion),
        verifyConsistency(older, { size: n, root }, consistency),
      ]
      const proofs = [tree.inclusion(index), tree.consistency(index + 1)] as const
      const flip = (proof: readonly MerkleHash[]) =>
        proof.map((hash, at) => {
          if (at !== place % proof.length) return hash
          const flipped = Buffer.from(hash)
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
          return flipped
        })
      const [inclusion, consistency] = proofs
      expect(accepts([...inclusion, root], [...consistency, root])).toEqual([false, false])
      if (inclusion.length > 0) {
        expect(accepts(flip(inclusion), consistency)[0]).toBe(false)
        expect(accepts(inclusion.slice(1), consistency)[0]).toBe(false)
      }
      if (consistency.length > 0) {
        expect(accepts(inclusion, flip(consistency))[1]).toBe(false)
        expect(accepts(inclusion, consistency.slice(1))[1]).toBe(false)
      }
    }),
  )
})

test('there is no proof for what is not there', () => {
  const tree = new MerkleTree(leavesOf(5))
  for (const wrong of [
    () => tree.inclusion(5),
    () => tree.inclusion(-1),
    () => tree.inclusion(3, 3),
    () => tree.inclusion(0, 6),
    () => tree.consistency(0),
    () => tree.consistency(6),
    () => tree.consistency(4, 3),
    () => tree.root(6),
  ])
    expect(wrong).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
})
