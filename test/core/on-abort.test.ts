import { expect, it } from 'vitest'
import { onAbort } from '../../src/core/index.ts'

it('calls everybody back once, in their order, who has not stopped listening', () => {
  const controller = new AbortController()
  const called: string[] = []
  const call = () => void called.push('twice')
  onAbort(controller.signal, () => called.push('a'))
  const stop = onAbort(controller.signal, () => called.push('b'))
  onAbort(controller.signal, call)
  onAbort(controller.signal, call)
  stop()
  stop()
  controller.abort()
  expect(called).toEqual(['a', 'twice', 'twice'])
})

it('calls back at once where the signal has aborted, and who stops another one in time stops it', () => {
  const controller = new AbortController()
  const called: string[] = []
  let stopLater = () => {}
  onAbort(controller.signal, () => stopLater())
  stopLater = onAbort(controller.signal, () => called.push('late'))
  controller.abort()
  onAbort(controller.signal, () => called.push('now'))()
  expect(called).toEqual(['now'])
})

it('listens to each signal by itself, with one listener', () => {
  const [one, other] = [new AbortController(), new AbortController()]
  const called: string[] = []
  let added = 0
  const add = one.signal.addEventListener.bind(one.signal)
  one.signal.addEventListener = (...args: Parameters<typeof add>) => {
    added += 1
    add(...args)
  }
  for (let n = 0; n < 100; n++) onAbort(one.signal, () => called.push('one'))
  onAbort(other.signal, () => called.push('other'))
  other.abort()
  expect([called, added]).toEqual([['other'], 1])
})
