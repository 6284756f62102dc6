// The rule: work is stopped when it has been silent for its time, and not while it shows that it is at it.
import { expect, test } from 'vitest'
import { VirtualClock } from '../../src/core/index.ts'
import { Pulse } from '../../src/engine/pulse.ts'
import { supervise } from '../../src/engine/supervise.ts'

const clock = () => new VirtualClock({ startAt: 1_000_000 })

test('silent work fails with TIMEOUT, and its signal aborts', async () => {
  const time = clock()
  let stopped = false
  const work = (signal: AbortSignal) =>
    new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => {
        stopped = true
        reject(signal.reason)
      })
    })
  const { result } = supervise(work, { pulse: new Pulse({ clock: time }, { idleMs: 100 }) }, time, [])
  const failed = expect(result).rejects.toMatchObject({ code: 'TIMEOUT' })
  await time.advance(99)
  expect(stopped).toBe(false)
  await time.advance(1)
  await failed
  expect(stopped).toBe(true)
})

test('every beat gives it its whole time again', async () => {
  const time = clock()
  const pulse = new Pulse({ clock: time }, { idleMs: 100 })
  let silentAt: number | undefined
  pulse.watch(() => {
    silentAt = time.now()
  })
  for (let beats = 0; beats < 5; beats += 1) {
    await time.advance(90)
    pulse.beat()
  }
  const last = time.now()
  await time.advance(1000)
  expect(silentAt).toBe(last + 100)
})

test('what has ended, or been let go, is watched no more', async () => {
  const time = clock()
  const pulse = new Pulse({ clock: time }, { idleMs: 100 })
  let silences = 0
  const stop = pulse.watch(() => {
    silences += 1
  })
  await time.advance(90)
  pulse.beat()
  await time.advance(20)
  stop()
  await time.advance(1000)
  expect(silences).toBe(0)
})
