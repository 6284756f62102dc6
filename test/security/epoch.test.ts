// The rule: nothing passes unless the latest epoch says so, it is fresh, and nobody could bring back an earlier one.
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { meshSwarmError, VirtualClock } from '../../src/core/index.ts'
import {
  type Epoch,
  EpochFile,
  EpochGuard,
  type EpochStore,
  keyPair,
  openEpoch,
  signEpoch,
} from '../../src/security/index.ts'

const HOUR = 3_600_000
const root = keyPair()
const stranger = keyPair()
const epoch = (number: number, state: Epoch['state'] = 'running', issuedAt = 0): Epoch => ({
  ...{ number, state, issuedAt },
  reason: 'because',
})
const signed = (...args: Parameters<typeof epoch>) => signEpoch(epoch(...args), root)
const denied = (reason: string) => ({ code: 'ACTION_DENIED', details: expect.objectContaining({ reason }) })

/** What a disk would keep. */
function shelf(kept?: unknown): EpochStore & { kept: unknown } {
  const store = {
    kept,
    read: async () => store.kept,
    write: async (value: unknown) => {
      store.kept = value
    },
  }
  return store
}

async function guardWith(store: EpochStore = shelf(), startAt = 0) {
  const clock = new VirtualClock({ startAt })
  const guard = await EpochGuard.open({ clock, store }, { rootPublicKey: root.publicKey, freshForMs: HOUR })
  return { clock, guard }
}
const refusal = (guard: EpochGuard, ownDaemon = false) => {
  try {
    guard.admit({ ownDaemon })
  } catch (error) {
    return error
  }
  return undefined
}

describe('a guard', () => {
  test('lets nothing pass before it knows an epoch, and everything while the latest says running', async () => {
    const { guard } = await guardWith()
    expect(refusal(guard)).toMatchObject(denied('no-epoch'))
    expect(guard.signal.aborted).toBe(true)
    expect(await guard.accept(signed(1))).toBe(true)
    expect(refusal(guard)).toBeUndefined()
    expect(guard.signal.aborted).toBe(false)
  })

  test('stops all that is under way the moment it hears of a halt, and starts again with a later epoch only', async () => {
    const { guard } = await guardWith()
    await guard.accept(signed(1))
    const { signal } = guard
    await guard.accept(signed(2, 'halted'))
    expect(signal.aborted).toBe(true)
    expect(signal.reason).toMatchObject(denied('halted'))
    for (const ownDaemon of [false, true]) expect(refusal(guard, ownDaemon)).toMatchObject(denied('halted'))
    expect(await guard.accept(signed(1))).toBe(false)
    expect(refusal(guard)).toMatchObject(denied('halted'))
    expect(await guard.accept(signed(3))).toBe(true)
    expect(refusal(guard)).toBeUndefined()
    expect(guard.signal.aborted).toBe(false)
  })

  test('closes when its epoch is too old, but for the healing of its own daemon', async () => {
    const { clock, guard } = await guardWith()
    await guard.accept(signed(1))
    const { signal } = guard
    await clock.advance(HOUR - 1)
    expect(signal.aborted).toBe(false)
    await clock.advance(1)
    expect(signal.reason).toMatchObject(denied('stale'))
    expect(refusal(guard)).toMatchObject(denied('stale'))
    expect(refusal(guard, true)).toBeUndefined()
    await guard.accept(signed(2, 'running', HOUR))
    expect(refusal(guard)).toBeUndefined()
  })

  test('remembers a halt over a restart', async () => {
    const store = shelf()
    const { guard } = await guardWith(store)
    await guard.accept(signed(1))
    await guard.accept(signed(2, 'halted'))
    const { guard: next } = await guardWith(store)
    expect(next.closed).toBe('halted')
    expect(await next.accept(signed(1))).toBe(false)
  })

  test('whose memory was damaged believes none but an epoch that was issued since', async () => {
    const { guard } = await guardWith(shelf({ ...signed(7, 'halted'), signature: 'AAAA' }), 1000)
    expect(refusal(guard, true)).toMatchObject(denied('damaged'))
    await expect(guard.accept(signed(6, 'running', 999))).rejects.toMatchObject(denied('damaged'))
    expect(await guard.accept(signed(8, 'running', 1000))).toBe(true)
    expect(refusal(guard)).toBeUndefined()
  })

  test.each([
    ['of another key', signEpoch(epoch(2), stranger), 'ACTION_DENIED'],
    ['that was changed', { ...signed(2), epoch: epoch(3) }, 'ACTION_DENIED'],
    ['from the future', signed(2, 'running', HOUR), 'INVALID_INPUT'],
    ['of its present number that says something else', signed(1, 'halted'), 'CONFLICT'],
    ['that is none', { number: 2 }, 'INVALID_INPUT'],
  ])('refuses an epoch %s, and goes on as before', async (_, value, code) => {
    const store = shelf()
    const { guard } = await guardWith(store)
    await guard.accept(signed(1))
    await expect(guard.accept(value)).rejects.toMatchObject({ code })
    expect([guard.epoch?.number, refusal(guard), store.kept]).toEqual([1, undefined, signed(1)])
  })

  test('that cannot keep what it hears goes on as before, and heeds a halt nevertheless', async () => {
    const store = shelf()
    const { guard } = await guardWith(store)
    await guard.accept(signed(1))
    store.write = () => Promise.reject(meshSwarmError('UNAVAILABLE', 'the disk is full'))
    await expect(guard.accept(signed(2))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(guard.epoch?.number).toBe(1)
    await expect(guard.accept(signed(3, 'halted'))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    expect(refusal(guard)).toMatchObject(denied('halted'))
  })

  test('has the latest of all that it was told, in whatever order and however many at once', async () => {
    const state = fc.constantFrom<Epoch['state']>('running', 'halted')
    const told = fc.uniqueArray(fc.record({ number: fc.integer({ min: 1, max: 50 }), state }), {
      selector: ({ number }) => number,
      minLength: 1,
    })
    await fc.assert(
      fc.asyncProperty(told, async (list) => {
        const store = shelf()
        const { guard } = await guardWith(store)
        await Promise.all(list.map(({ number, state: one }) => guard.accept(signed(number, one))))
        const [latest] = list.toSorted((a, b) => b.number - a.number)
        expect(guard.epoch).toMatchObject(latest ?? {})
        expect(store.kept).toMatchObject({ epoch: latest })
        expect(guard.closed).toBe(latest?.state === 'halted' ? 'halted' : undefined)
      }),
      { numRuns: 50 },
    )
  })
})

test('no bit of a signed epoch can be changed', () => {
  const whole = signed(5, 'halted', 1234)
  const text = JSON.stringify(whole)
  fc.assert(
    fc.property(fc.nat(text.length - 1), fc.nat(6), (at, bit) => {
      const flipped = String.fromCharCode(text.charCodeAt(at) ^ (1 << bit))
      const changed = text.slice(0, at) + flipped + text.slice(at + 1)
      let value: unknown
      try {
        value = JSON.parse(changed)
      } catch {
        return
      }
      let opened: unknown
      try {
        opened = openEpoch(value, root.publicKey)
      } catch (error) {
        expect(['INVALID_INPUT', 'ACTION_DENIED']).toContain((error as { code?: string }).code)
      }
      // The last character of base64 has bits that stand for nothing.
      if (opened) expect(opened).toMatchObject({ epoch: whole.epoch })
    }),
  )
})

describe('the file', () => {
  let directory = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'meshswarm-epoch-'))
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  test('gives back what was written, is for its owner only, and tells damage from absence', async () => {
    const path = join(directory, 'state', 'epoch.json')
    const file = new EpochFile(path)
    expect(await file.read()).toBeUndefined()
    await file.write(signed(1))
    await file.write(signed(2))
    expect(await new EpochFile(path).read()).toEqual(signed(2))
    expect(statSync(path).mode & 0o777).toBe(0o600)
    writeFileSync(path, readFileSync(path, 'utf8').slice(0, -10))
    await expect(file.read()).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    rmSync(directory, { recursive: true })
    writeFileSync(directory, 'no folder')
    await expect(file.write(signed(3))).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  })
})
