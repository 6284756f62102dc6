// The rule: what the published vectors accept is accepted, and nothing else.
// github.com/transparency-dev/merkle, testdata: proofs of inclusion and of consistency, sound ones and broken ones.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyConsistency, verifyInclusion } from '../../../src/security/index.ts'

const root = join(
  process.env.MESHSWARM_DATA ?? join(import.meta.dirname, '../../../../shared/data'),
  'security/merkle/testdata',
)

interface Vector {
  readonly desc: string
  readonly wantErr: boolean
  readonly proof: readonly string[] | null
}

interface InclusionVector extends Vector {
  readonly leafIdx: number
  readonly treeSize: number
  readonly root: string
  readonly leafHash: string
}

interface ConsistencyVector extends Vector {
  readonly size1: number
  readonly size2: number
  readonly root1: string
  readonly root2: string
}

function vectors<V extends Vector>(folder: string): readonly { readonly name: string; readonly vector: V }[] {
  return globSync(`${folder}/**/*.json`, { cwd: root }).map((name) => ({
    name,
    vector: JSON.parse(readFileSync(join(root, name), 'utf8')) as V,
  }))
}

const inclusion = vectors<InclusionVector>('inclusion')
const consistency = vectors<ConsistencyVector>('consistency')
const NO_DATA = inclusion.length === 0 && `no Merkle vectors in ${root} (set MESHSWARM_DATA)`
const bytes = (text: string) => Buffer.from(text, 'base64')
const proofOf = ({ proof }: Vector) => (proof ?? []).map(bytes)

describe('the published vectors', () => {
  test('are 196, of which 12 are sound', (context) => {
    if (NO_DATA) return context.skip(NO_DATA)
    const sound = (all: readonly { readonly vector: Vector }[]) => all.filter(({ vector }) => !vector.wantErr)
    expect([inclusion.length, sound(inclusion).length]).toEqual([98, 6])
    expect([consistency.length, sound(consistency).length]).toEqual([98, 6])
  })

  test('of inclusion', (context) => {
    if (NO_DATA) return context.skip(NO_DATA)
    for (const { name, vector } of inclusion) {
      const head = { index: vector.leafIdx, size: vector.treeSize, root: bytes(vector.root) }
      const accepted = verifyInclusion(head, bytes(vector.leafHash), proofOf(vector))
      expect(accepted, `${name}: ${vector.desc}`).toBe(!vector.wantErr)
    }
  })

  test('of consistency', (context) => {
    if (NO_DATA) return context.skip(NO_DATA)
    for (const { name, vector } of consistency) {
      const older = { size: vector.size1, root: bytes(vector.root1) }
      const newer = { size: vector.size2, root: bytes(vector.root2) }
      const accepted = verifyConsistency(older, newer, proofOf(vector))
      expect(accepted, `${name}: ${vector.desc}`).toBe(!vector.wantErr)
    }
  })
})
