// The rule: a program that is stopped is gone, with all that it has started, whether it wants to or not.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RealClock, stepId, swarmId } from '../../src/core/index.ts'
import { type Json, machineTools } from '../../src/engine/index.ts'

const clock = new RealClock()
const tools = machineTools({ clock })
const never = new AbortController().signal

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-tools-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

async function use(name: string, input: Json, signal: AbortSignal = never): Promise<Json> {
  const tool = tools.get(name)
  if (!tool) throw new Error(`no tool ${name}`)
  const nothing = () => undefined
  const words = { swarm: swarmId('t'), step: stepId('s'), attempt: 1, key: 't/s', input, task: undefined }
  return tool.run(
    { ...words, budget: {}, alive: nothing, add: nothing, spend: nothing, refund: nothing },
    signal,
  )
}
const shell = (script: string, signal?: AbortSignal) => use('command', { argv: ['sh', '-c', script] }, signal)

function lives(pid: number): boolean {
  try {
    // A zombie that nobody has waited for yet is no process any more.
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('command', () => {
  test('gives what the program prints, having read what it was given', async () => {
    expect(await use('command', { argv: ['cat', '-'], stdin: 'grüße\n' })).toEqual({ stdout: 'grüße\n' })
    expect(await use('command', { argv: ['pwd'], cwd: directory })).toEqual({ stdout: `${directory}\n` })
  })

  test('passes its arguments on as they are: no shell reads them', async () => {
    expect(await use('command', { argv: ['echo', '$HOME; *'] })).toEqual({ stdout: '$HOME; *\n' })
  })

  test('cuts what is too long, and says so', async () => {
    const output = (await shell('head -c 100000 /dev/zero | tr "\\0" x')) as { stdout: string; cut: boolean }
    expect([output.stdout.length, output.cut]).toEqual([64 * 1024, true])
  })

  test('fails with the status and the last words of the program', async () => {
    await expect(shell('echo out; echo why >&2; exit 4')).rejects.toMatchObject({
      ...{ code: 'UNAVAILABLE', message: 'sh ended with 4: why' },
    })
    await expect(shell('kill -9 $$')).rejects.toMatchObject({ message: 'sh ended with SIGKILL: ' })
  })

  test.each<[string, Json]>([
    ['a program that is not there', { argv: ['/nowhere/to/be/found'] }],
    ['no program', { argv: [] }],
    ['a word that nobody knows', { argv: ['true'], shell: true }],
    ['nothing', null],
  ])('refuses %s', async (_, input) => {
    await expect(use('command', input)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test.each([
    ['the program and what it has started', 'sleep 600 & echo $! > pids; echo $$ >> pids; wait'],
    [
      'one that does not want to',
      'trap "" TERM; sleep 600 & echo $! > pids; echo $$ >> pids; while :; do wait; done',
    ],
  ])('when stopped ends %s', async (_, script) => {
    const stop = new AbortController()
    const running = shell(`cd ${directory}; ${script}`, stop.signal)
    const ended = expect(running).rejects.toBeDefined()
    const pids = () =>
      (existsSync(`${directory}/pids`) ? readFileSync(`${directory}/pids`, 'utf8').match(/\d+/g) : null) ?? []
    while (pids().length < 2) await clock.sleep(5)
    expect(pids().map(Number).every(lives)).toBe(true)
    stop.abort(new Error('enough'))
    await ended
    // One that was killed has let go of its output a moment before it is gone.
    while (pids().map(Number).some(lives)) await clock.sleep(1)
  })
})

describe('wait', () => {
  test.each<[Json]>([[{ ms: -1 }], [{}], [null], [{ ms: 1, s: 2 }]])('refuses %j', async (input) => {
    await expect(use('wait', input)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  })

  test('ends at once when stopped', async () => {
    const stop = new AbortController()
    const waiting = use('wait', { ms: 86_400_000 }, stop.signal)
    stop.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'CANCELLED' })
  })
})

test('value gives its input', async () => {
  expect(await use('value', { a: [1] })).toEqual({ a: [1] })
})
