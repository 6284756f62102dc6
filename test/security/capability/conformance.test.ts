// The rule: the library that judges tokens, as it is loaded here, does what the published samples of Biscuit say, and
// signatures are verified as Wycheproof says.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { type BiscuitLibrary, loadBiscuit } from '../../../src/security/capability/biscuit/load.ts'
import { publicKey, verifies } from '../../../src/security/keys.ts'

const DATA = process.env.MESHSWARM_DATA ?? join(import.meta.dirname, '../../../../shared/data')
const SAMPLES = join(DATA, 'security/biscuit/samples/current')
const WYCHEPROOF = join(DATA, 'security/wycheproof/ed25519_test.json')

/** It needs functions of the host's own, which the library does not let JavaScript add. */
const KNOWN_MISSES: ReadonlySet<string> = new Set(['test035_ffi.bc'])

interface Validation {
  readonly result: { readonly Ok?: number; readonly Err?: unknown }
  readonly authorizer_code: string
  readonly revocation_ids: readonly string[]
}

interface Sample {
  readonly filename: string
  readonly validations: Readonly<Record<string, Validation>>
}

interface Samples {
  readonly root_public_key: string
  readonly testcases: readonly Sample[]
}

const read = <T>(file: string): T | undefined =>
  existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined

describe('the published samples of Biscuit', () => {
  const samples = read<Samples>(join(SAMPLES, 'samples.json'))
  const validations = (samples?.testcases ?? []).flatMap(({ filename, validations: all }) =>
    Object.entries(all).map(([name, validation]) => ({ filename, name, validation })),
  )
  let library: BiscuitLibrary
  beforeAll(async () => {
    library = await loadBiscuit()
  })

  /** As the samples write it: the number of the policy, or the error. */
  function outcomeOf(filename: string, code: string) {
    const { Biscuit, PublicKey, AuthorizerBuilder } = library
    const root = PublicKey.fromString(samples?.root_public_key ?? '', 0)
    let ids: readonly string[] = []
    try {
      const token = Biscuit.fromBytes(readFileSync(join(SAMPLES, filename)), root)
      ids = token.getRevocationIdentifiers()
      const builder = new AuthorizerBuilder()
      builder.addCode(code)
      const limits = { max_facts: 1000, max_iterations: 100, max_time_micro: 2_000_000 }
      return { result: { Ok: builder.buildAuthenticated(token).authorizeWithLimits(limits) }, ids }
    } catch (thrown) {
      if (thrown instanceof Error) throw thrown
      return { result: { Err: thrown }, ids }
    }
  }

  test('are all there', ({ skip }) => {
    if (!samples) skip(`no Biscuit samples in ${SAMPLES} (set MESHSWARM_DATA)`)
    expect(validations).toHaveLength(50)
  })

  test.each(validations)('$filename $name', ({ filename, validation }) => {
    const { authorizer_code: code, result, revocation_ids: ids } = validation
    const outcome = outcomeOf(filename, code)
    if (KNOWN_MISSES.has(filename)) return expect(outcome.result).not.toEqual(result)
    expect(outcome).toEqual({ result, ids })
  })
})

describe("Wycheproof's signatures", () => {
  interface Group {
    readonly publicKey: { readonly pk: string }
    readonly tests: readonly {
      readonly tcId: number
      readonly msg: string
      readonly sig: string
      readonly result: string
    }[]
  }
  const groups = read<{ readonly testGroups: readonly Group[] }>(WYCHEPROOF)?.testGroups

  test('are accepted where they are valid, and only there', ({ skip }) => {
    if (!groups) skip(`no Wycheproof vectors in ${WYCHEPROOF} (set MESHSWARM_DATA)`)
    let count = 0
    for (const { publicKey: key, tests } of groups ?? []) {
      for (const { tcId, msg, sig, result } of tests) {
        const verdict = verifies(
          publicKey(`ed25519/${key.pk}`),
          Buffer.from(msg, 'hex'),
          Buffer.from(sig, 'hex'),
        )
        expect(verdict, `test ${tcId}`).toBe(result === 'valid')
        count++
      }
    }
    expect(count).toBe(151)
  })
})
