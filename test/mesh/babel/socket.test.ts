import { describe, expect, it } from 'vitest'
import { RealClock } from '../../../src/core/index.ts'
import { BabelMonitor, type MonitorEvents } from '../../../src/mesh/drivers/babel/monitor.ts'
import { BabelSocket } from '../../../src/mesh/drivers/babel/socket.ts'
import { GREETING, scriptedBabel } from './scripted-babel.ts'

const clock = new RealClock()
const ROW = 'add interface l1 up true ipv6 fe80::1\n'

function recorder() {
  const said: string[] = []
  const events: MonitorEvents = {
    start: ({ routerId }) => said.push(`start ${routerId}`),
    line: (line) => said.push(line),
    synced: () => said.push('synced'),
    down: (how) => said.push(`down ${how}`),
  }
  return { said, events }
}

async function until(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !holds(); tries++) await clock.sleep(10)
  expect(holds()).toBe(true)
}

describe('a connection to the control socket', () => {
  it('greets, answers requests in order, and tells a refusal from a misunderstanding', async () => {
    await using babel = await scriptedBabel((statement, socket) => {
      if (statement === 'dump') socket.write(`${ROW}ok\n`)
      else if (statement.startsWith('flush')) socket.write('no No such interface\n')
      else socket.write('bad\n')
    })
    const lines: string[] = []
    const connection = await BabelSocket.open(clock, babel.path, { onLine: (line) => lines.push(line) })
    expect(connection.greeting).toEqual({
      ...{ protocol: '1.0', version: 'babeld-1.12.1', host: 'test', routerId: '01:02:03:04:05:06:07:08' },
    })
    const flush = connection.request('flush interface l9').catch((error: Error) => error.message)
    const dump = connection.request('dump')
    expect(await flush).toContain('No such interface')
    await dump
    expect(lines).toEqual([ROW.trim()])
    await expect(connection.request('nonsense')).rejects.toMatchObject({ code: 'INVALID_ACTION' })
    connection.close()
    await expect(connection.request('dump')).rejects.toMatchObject({ code: 'DAEMON_UNAVAILABLE' })
  })

  it('rejects where nobody listens, where nobody answers, and where the dump is cut', async () => {
    const unavailable = { code: 'DAEMON_UNAVAILABLE' }
    const nowhere = BabelSocket.open(clock, '/run/mbt-nobody.sock', {})
    await expect(nowhere).rejects.toMatchObject({ ...unavailable, details: { errno: 'ENOENT' } })
    await using silent = await scriptedBabel(
      () => {},
      () => {},
    )
    const opening = BabelSocket.open(clock, silent.path, { answerWithinMs: 100 })
    await expect(opening).rejects.toMatchObject({ ...unavailable, details: { reason: 'silent' } })
    await using cut = await scriptedBabel((_statement, socket) => socket.end(`${ROW}add route 12`))
    const connection = await BabelSocket.open(clock, cut.path, {})
    await expect(connection.request('dump')).rejects.toMatchObject(unavailable)
    expect(connection.closed).toBe(true)
  })

  it('rejects with CANCELLED on abort, while connecting and while waiting', async () => {
    await using silent = await scriptedBabel(
      () => {},
      () => {},
    )
    const opening = BabelSocket.open(clock, silent.path, {}, AbortSignal.timeout(50))
    await expect(opening).rejects.toMatchObject({ code: 'CANCELLED' })
    await using babel = await scriptedBabel(() => {})
    const connection = await BabelSocket.open(clock, babel.path, {})
    const request = connection.request('dump', AbortSignal.timeout(50))
    await expect(request).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

describe('a monitor', () => {
  it('streams a table and what follows, slow and in pieces', async () => {
    await using babel = await scriptedBabel(async (statement, socket) => {
      for (const letter of statement === 'monitor' ? `${ROW}ok\nchange interface l1 up false\n` : '') {
        socket.write(letter)
        await clock.sleep(1)
      }
    })
    const { said, events } = recorder()
    const monitor = new BabelMonitor(clock, babel.path, events)
    monitor.start()
    await until(() => said.length === 4)
    expect(said).toEqual([
      'start 01:02:03:04:05:06:07:08',
      ROW.trim(),
      'synced',
      'change interface l1 up false',
    ])
    await monitor.stop()
    expect(said.length).toBe(4)
  })

  it('comes back after a cut table, as often as it takes', async () => {
    await using babel = await scriptedBabel((_statement, socket, connection) => {
      if (connection < 4) socket.end(ROW)
      else socket.write(`${ROW}ok\n`)
    })
    const { said, events } = recorder()
    const monitor = new BabelMonitor(clock, babel.path, events, { retryMinMs: 5 })
    monitor.start()
    await until(() => said.includes('synced'))
    expect(said.filter((line) => line === 'down cut').length).toBe(3)
    expect(babel.connections()).toBe(4)
    await monitor.stop()
  })

  it('tells a daemon that is gone from one that is silent', async () => {
    const gone = recorder()
    const nowhere = new BabelMonitor(clock, '/run/mbt-nobody.sock', gone.events)
    nowhere.start()
    await until(() => gone.said.length > 0)
    expect(gone.said[0]).toBe('down gone')
    await nowhere.stop()
    await using babel = await scriptedBabel(
      () => {},
      (socket) => socket.write(GREETING.slice(0, 20)),
    )
    const silent = recorder()
    const monitor = new BabelMonitor(clock, babel.path, silent.events, { answerWithinMs: 50 })
    monitor.start()
    await until(() => silent.said.length > 0)
    expect(silent.said[0]).toBe('down silent')
    await monitor.stop()
    await monitor.stop()
  })
})
