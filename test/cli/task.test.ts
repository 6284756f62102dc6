// The rule: what a person starts is done once, can be stopped, looked at and gone on with; what is refused does nothing.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { RealClock } from '../../src/core/index.ts'
import { meshswarm as program } from './harness.ts'

const clock = new RealClock()
let directory = ''
let store = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-cli-'))
  store = join(directory, 'tasks.db')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const meshswarm = (argv: readonly string[], signal?: AbortSignal) =>
  program([...argv, '--store', store], { clock, columns: 80, ...(signal ? { signal } : {}) })

function file(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  return path
}

/** Writes its name into the diary, so that the test sees how often it was done. */
const note = (id: string, more = '') => `
  - id: ${id}
    tool: command
    input: { argv: [sh, -c, 'echo ${id} >> ${directory}/diary; echo said ${id}'] }${more}`
const diary = () =>
  existsSync(`${directory}/diary`) ? readFileSync(`${directory}/diary`, 'utf8').split('\n').slice(0, -1) : []

describe('run', () => {
  test('does the steps, says what it is at, and ends with who did what when', async () => {
    const task = file('t.yaml', `name: survey\nsteps:${note('a')}${note('b', '\n    after: [a]')}`)
    const { code, out, err } = await meshswarm(['run', task])
    expect(err).toBe('')
    expect(code).toBe(0)
    expect(diary()).toEqual(['a', 'b'])
    expect(out).toMatch(/ms {2}a succeeded after \d+ ms \(agent-1\)/)
    expect(out).toMatch(/^b {5}agent-\d+ {2}·+█+·* +\d+ ms$/m)
    expect(out).toMatch(/survey: succeeded, 2 steps \(2 succeeded\)/)
    expect(out).toMatch(/critical path .*: a, b; critical steps: 4/)
  })

  test('gives the values of all steps as JSON', async () => {
    const json = { steps: [{ id: 'v', tool: 'value', input: [1, 2] }] }
    const { code, out } = await meshswarm(['run', file('sum.json', JSON.stringify(json)), '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      ...{ task: 'sum', outcome: 'succeeded' },
      steps: [{ id: 'v', state: 'succeeded', value: [1, 2], attempts: 1 }],
    })
  })

  test('has sub-agents do what a step says, and shows who they were', async () => {
    const sub = (id: string) => `
        - { id: ${id}, tool: value, input: [{ $given: true, path: [node] }, ${id}] }`
    const task = file(
      'team.yaml',
      `steps:
  - id: look
    tool: agent
    budget: { agents: 2, steps: 2 }
    input: { node: n7 }
    task:
      name: find out what is wrong
      agents: 2
      tools: [value]
      steps:${sub('ping')}${sub('log')}
`,
    )
    const { code, out } = await meshswarm(['run', task, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({
      spent: { agents: 2, steps: 3 },
      steps: [{ id: 'look', value: { ping: ['n7', 'ping'], log: ['n7', 'log'] } }],
    })
    const shown = await meshswarm(['show', 'team'])
    expect(shown.out).toContain('spent: 2 agents')
    expect(shown.out).toContain('sub-agents: team/look succeeded, 2 of 2 steps succeeded')
    expect((await meshswarm(['show', 'team/look'])).out).toMatch(/^ping +team\/look\/agent-1/m)
    expect((await meshswarm(['tasks'])).out).not.toContain('team/look')
  })

  test('shows a large value by its name, and in full where it is asked for', async () => {
    const text = 'x'.repeat(70_000)
    await meshswarm(['run', file('large.yaml', `steps: [{ id: a, tool: value, input: ${text} }]`)])
    const { out } = await meshswarm(['show', 'large', '--json'])
    expect(JSON.parse(out).steps).toMatchObject([
      { value: { characters: text.length + 2, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
    ])
    const shown = await meshswarm(['show', 'large', '--value', 'a'])
    expect(JSON.parse(shown.out) === text).toBe(true)
    expect((await meshswarm(['show', 'large', '--value', 'b'])).code).toBe(2)
  })

  test('stops a command that says nothing, and lets one go on that does', async () => {
    const step = (id: string, script: string) =>
      `\n  - { id: ${id}, tool: command, idleMs: 400, input: { argv: [sh, -c, '${script}'] } }`
    const steps =
      step('silent', 'sleep 60') + step('busy', 'for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.1; done')
    const { out } = await meshswarm(['run', file('idle.yaml', `steps:${steps}`), '--json'])
    expect(JSON.parse(out).steps).toMatchObject([
      { id: 'silent', state: 'failed', error: { code: 'TIMEOUT' } },
      { id: 'busy', state: 'succeeded' },
    ])
  })

  test('tells of an attempt that has failed, and draws it', async () => {
    const once = `test -e ${directory}/tried || { touch ${directory}/tried; exit 1; }`
    const step = `{ id: shaky, tool: command, retries: 1, idempotent: true, input: { argv: [sh, -c, '${once}'] } }`
    const { code, out } = await meshswarm(['run', file('t.yaml', `steps: [${step}]`)])
    expect(code).toBe(0)
    expect(out).toMatch(
      /shaky failed after \d+ ms, UNAVAILABLE, is tried again \(agent-\d+\)\n.*shaky succeeded/,
    )
    expect(out).toMatch(/^shaky {2}agent-\d+ {2}·*░+·* .*\nshaky {2}agent-\d+ {2}·*█+·* /m)
  })

  test('says which step failed and why, and what was left out for it', async () => {
    const steps = `
  - { id: bad, tool: command, input: { argv: [sh, -c, 'echo no route >&2; exit 3'] } }
  - { id: next, tool: value, after: [bad] }`
    const { code, out, err } = await meshswarm(['run', file('t.yaml', `steps:${steps}`)])
    expect(code).toBe(1)
    expect(out).toMatch(/t: failed, 2 steps \(1 failed, 1 skipped\)/)
    expect(out).toMatch(/bad failed, UNAVAILABLE: sh ended with 3: no route/)
    expect(err).toMatch(/error TASK_FAILED: Task t ended as failed/)
  })

  test('of the same file again is another task', async () => {
    const task = file('t.yaml', `steps:${note('a')}`)
    await meshswarm(['run', task])
    expect((await meshswarm(['run', task])).out).toMatch(/t-2: succeeded/)
    expect(diary()).toEqual(['a', 'a'])
  })

  test('with --dry-run says what would be done, and does nothing', async () => {
    const task = file('t.yaml', `steps:${note('b', '\n    after: [a]')}${note('a')}`)
    const { code, out } = await meshswarm(['run', task, '--dry-run'])
    expect(code).toBe(0)
    expect(out).toMatch(/2 steps; nothing was done\na: command .*\nb: command .* after a/)
    expect(diary()).toEqual([])
    expect(existsSync(store)).toBe(false)
  })

  test.each([
    ['a file that is missing', 'steps: []', '/nowhere.yaml', /cannot be read/],
    ['what is neither YAML nor JSON', 'steps: [a\nb: }', undefined, /neither YAML nor JSON.*line 2/s],
    [
      'a cycle',
      'steps: [{id: a, tool: wait, after: [b]}, {id: b, tool: wait, after: [a]}]',
      undefined,
      /a after b after a/,
    ],
    ['a word that nobody knows', 'steps: [{id: a, tool: wait, if: now}]', undefined, /if/],
    [
      'a file that grows by its aliases',
      `a: &a [x]\n${Array.from({ length: 9 }, (_, n) => `a${n}: &a${n} [${Array(9).fill(n === 0 ? '*a' : `*a${n - 1}`)}]`).join('\n')}`,
      undefined,
      /alias/,
    ],
  ])('refuses %s, and does nothing', async (_, text, path, why) => {
    const { code, err } = await meshswarm(['run', path ?? file('t.yaml', text)])
    expect(code).toBe(2)
    expect(err).toMatch(/^error INVALID_INPUT/)
    expect(err).toMatch(why)
    expect(existsSync(store)).toBe(false)
  })

  test.each([[[]], [['x.yaml', '--resume', 'y']]])('wants a file or a task: %j', async (argv) => {
    const { code, err } = await meshswarm(['run', ...argv])
    expect([code, err]).toEqual([2, expect.stringMatching(/INVALID_INPUT: Name a task file, or a task/)])
  })
})

describe('a task that was stopped', () => {
  const stopped = async () => {
    const slow = `\n  - { id: slow, tool: command, idempotent: true, input: { argv: [sh, -c, 'test -e ${directory}/go && echo gone || exec sleep 60'] }, after: [a] }`
    const task = file('t.yaml', `steps:${note('a')}${slow}${note('z', '\n    after: [slow]')}`)
    const stop = new AbortController()
    const running = meshswarm(['run', task], stop.signal)
    while (!diary().includes('a')) await clock.sleep(5)
    await clock.sleep(50)
    stop.abort()
    return running
  }

  test('says how to go on, and then goes on where it was', async () => {
    const { code, err } = await stopped()
    expect(code).toBe(130)
    expect(err).toMatch(/go on with: meshswarm run --resume t\nstopped/)
    expect((await meshswarm(['tasks'])).out).toMatch(/^t {4}.*unfinished +3 +1 +0 +0$/m)
    expect((await meshswarm(['show', 't'])).out).toMatch(/t: unfinished, 1 of 3 steps have ended/)
    writeFileSync(join(directory, 'go'), '')
    const again = await meshswarm(['run', '--resume', 't'])
    expect(again.out).toMatch(/^t: 2 steps of 3 left/)
    expect(again.out).toMatch(/t: succeeded, 3 steps/)
    expect(again.code).toBe(0)
    expect(diary()).toEqual(['a', 'z'])
    expect((await meshswarm(['show', 't'])).out).toMatch(/critical path .*: a, slow, z/)
  })

  test('can be cancelled for good', async () => {
    await stopped()
    expect((await meshswarm(['cancel', 't'])).out).toBe('t: cancelled, 1 of 3 steps had succeeded\n')
    expect(JSON.parse((await meshswarm(['tasks', '--json'])).out)).toMatchObject([{ state: 'cancelled' }])
    const resumed = await meshswarm(['run', '--resume', 't'])
    expect(resumed.code).toBe(130)
    expect(diary()).toEqual(['a'])
  })
})

test.each([['show'], ['cancel'], ['run', '--resume']])(
  '%s of a task that nobody knows says so',
  async (...command) => {
    const { code, err } = await meshswarm([...command, 'nobody'])
    expect([code, err]).toEqual([1, expect.stringMatching(/^error TASK_NOT_FOUND: There is no task nobody/)])
  },
)

test('a damaged store is set aside, and said so', async () => {
  writeFileSync(store, 'no database '.repeat(1000))
  const { out, err } = await meshswarm(['tasks'])
  expect(out).toBe('no tasks\n')
  expect(err).toMatch(/was damaged \(.*\); it lies in .*tasks\.db\.damaged-.* now/)
})
