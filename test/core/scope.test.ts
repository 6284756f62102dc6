// The rule: a scope ends as a whole: tasks, then child scopes, then clean-ups in reverse order, which no cancel
// reaches; and a cancel reaches everything below.
import { describe, expect, test } from 'vitest'
import { meshSwarmError, Scope, VirtualClock } from '../../src/core/index.ts'

describe('clean-up', () => {
  test('runs last deferred first, each awaited, after every task and child scope', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const root = new Scope()
    root.defer(() => void log.push('outer 1'))
    root.defer(async () => {
      await clock.sleep(10)
      log.push('outer 2')
    })
    const child = root.child('child')
    child.defer(() => void log.push('inner'))
    child.spawn(async () => {
      await clock.sleep(30)
      log.push('inner task')
    })
    root.spawn(async () => {
      await clock.sleep(50)
      log.push('task')
    })
    await clock.runUntil(root.close())
    expect(log).toEqual(['inner task', 'inner', 'task', 'outer 2', 'outer 1'])
  })

  test('is not reached by a cancel: it may still wait', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const root = new Scope()
    const running = root.run(async (scope) => {
      scope.defer(async (signal) => {
        await clock.sleep(100, signal)
        log.push(`restored, aborted: ${signal.aborted}`)
      })
      await clock.sleep(1e6, scope.signal)
    })
    clock.after(10, () => root.cancel('stop'))
    await expect(clock.runUntil(running)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(log).toEqual(['restored, aborted: false'])
    expect(clock.now()).toBe(110)
  })

  test('goes on where one fails, which close and run then say', async () => {
    const log: string[] = []
    const root = new Scope()
    const running = root.run((scope) => {
      scope.defer(() => void log.push('first deferred'))
      scope.defer(() => Promise.reject(new Error('planted')))
      return 1
    })
    await expect(running).rejects.toMatchObject({ code: 'INVARIANT' })
    expect(log).toEqual(['first deferred'])
  })

  test('deferred too late runs at once, and the caller hears of it', async () => {
    const root = new Scope()
    await root.close()
    const log: string[] = []
    expect(() => root.defer(() => void log.push('released'))).toThrow('has ended')
    expect(log).toEqual(['released'])
  })

  test('deferred or spawned during clean-up is waited for', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const root = new Scope()
    root.defer(() => {
      root.defer(() => void log.push('late'))
      root.spawn(() => clock.sleep(5).then(() => log.push('task')))
    })
    await clock.runUntil(root.close())
    expect(log).toEqual(['task', 'late'])
  })
})

describe('cancel', () => {
  test('reaches every scope below, with the first reason only', () => {
    const root = new Scope()
    const leaf = root.child('a').child('b')
    root.cancel(meshSwarmError('TIMEOUT', 'first'))
    root.cancel(meshSwarmError('CONFLICT', 'second'))
    expect(leaf.signal.reason).toMatchObject({ code: 'TIMEOUT', message: 'first' })
  })

  test('reaches neither the parent nor a sibling', () => {
    const root = new Scope()
    const [left, right] = [root.child('left'), root.child('right')]
    left.cancel()
    expect([root.signal.aborted, left.signal.aborted, right.signal.aborted]).toEqual([false, true, false])
  })

  test('comes from a signal outside as well, also one aborted before', () => {
    const controller = new AbortController()
    const scope = new Scope({ signal: controller.signal })
    controller.abort(new Error('Ctrl-C'))
    const late = new Scope({ signal: controller.signal })
    const reason = { code: 'CANCELLED', cause: { message: 'Ctrl-C' } }
    expect([scope.signal.reason, late.signal.reason]).toMatchObject([reason, reason])
  })

  test('keeps a task from starting', async () => {
    const root = new Scope()
    root.cancel()
    let started = false
    const task = root.spawn(() => {
      started = true
    })
    await expect(task).rejects.toMatchObject({ code: 'CANCELLED' })
    await expect(root.run(() => 1)).rejects.toMatchObject({ code: 'CANCELLED' })
    expect(started).toBe(false)
  })

  test('does not take away the value of a body that was done', async () => {
    const root = new Scope()
    const value = await root.run((scope) => {
      scope.cancel()
      return 7
    })
    expect(value).toBe(7)
  })

  test('by timeout: the body ends with TIMEOUT, the scope above lives', async () => {
    const clock = new VirtualClock()
    const root = new Scope()
    const limited = root.withTimeout(50, clock, 'probe')
    const running = limited.run((scope) => clock.sleep(1e6, scope.signal))
    await expect(clock.runUntil(running)).rejects.toMatchObject({ code: 'TIMEOUT', retryable: true })
    expect([clock.now(), root.signal.aborted]).toEqual([50, false])
  })

  test('by timeout does not come after the end', async () => {
    const clock = new VirtualClock()
    const limited = new Scope().withTimeout(50, clock)
    await clock.runUntil(limited.close())
    await clock.advance(100)
    expect(limited.signal.aborted).toBe(false)
  })
})

describe('failure of a task', () => {
  const race = async (onFailure: 'keep-going' | 'cancel-siblings') => {
    const clock = new VirtualClock()
    const log: string[] = []
    const running = new Scope().run(
      (scope) => {
        scope.spawn(() =>
          clock.sleep(10).then(() => Promise.reject(meshSwarmError('UNAVAILABLE', 'planted'))),
        )
        scope
          .spawn((signal) => clock.sleep(100, signal).then(() => log.push('sibling done')))
          .catch((error: unknown) => log.push(String(error)))
        return 'value'
      },
      { onFailure },
    )
    const outcome = await clock.runUntil(running.catch((error: { code: string }) => error.code))
    return { outcome, log, at: clock.now() }
  }

  test('leaves the siblings alone under keep-going', async () => {
    expect(await race('keep-going')).toEqual({ outcome: 'value', log: ['sibling done'], at: 100 })
  })

  test('cancels the siblings under cancel-siblings, and is what run rejects with', async () => {
    const { outcome, log, at } = await race('cancel-siblings')
    expect({ outcome, at }).toEqual({ outcome: 'UNAVAILABLE', at: 10 })
    expect(log).toEqual([expect.stringContaining('sibling')])
  })

  test('nobody listens to is in failures, and no unhandled rejection', async () => {
    const scope = new Scope()
    scope.spawn(() => Promise.reject(new Error('planted')))
    await scope.close()
    expect(scope.failures).toMatchObject([{ code: 'INVARIANT', cause: { message: 'planted' } }])
  })

  test('of the body cancels what it spawned, and run waits for that', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const running = new Scope().run((scope) => {
      scope.spawn((signal) =>
        clock.sleep(1e6, signal).catch(() => clock.sleep(5).then(() => log.push('stopped'))),
      )
      throw new Error('planted')
    })
    await expect(clock.runUntil(running)).rejects.toThrow('planted')
    expect(log).toEqual(['stopped'])
  })
})

describe('the end', () => {
  test('leaving an await using block cancels and waits', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const block = async () => {
      await using scope = new Scope()
      scope.spawn((signal) => clock.sleep(1e6, signal).catch(() => log.push('stopped')))
      scope.defer(() => void log.push('cleaned'))
    }
    await clock.runUntil(block())
    expect(log).toEqual(['stopped', 'cleaned'])
  })

  test('comes once: a second close is the first one, and nothing starts afterwards', async () => {
    const scope = new Scope()
    let cleaned = 0
    scope.defer(() => void cleaned++)
    expect(scope.close()).toBe(scope.close())
    await scope.close()
    expect(cleaned).toBe(1)
    expect(() => scope.spawn(() => 1)).toThrow('has ended')
    expect(() => scope.child('late')).toThrow('has ended')
  })

  test('a thousand scopes in turn leave nothing in their parent', async () => {
    const clock = new VirtualClock()
    const root = new Scope()
    for (let i = 0; i < 1000; i++) await root.run(() => i)
    await clock.runUntil(root.close())
    root.cancel()
    expect(root.failures).toEqual([])
  })
})
