// The rule: a large value lies in one place, and everything goes on as if it were passed along.
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, test } from 'vitest'
import { stepId, swarmId } from '../../../src/core/index.ts'
import {
  doTask,
  type EmbeddedBackend,
  hireSlots,
  type Json,
  slots,
  type TaskInput,
  TaskRunner,
  type Tool,
  Upstreams,
  type Value,
  WorkerPool,
  withSubAgents,
} from '../../../src/engine/index.ts'
import { attach, BlobRef, detach } from '../../../src/engine/task/blob-ref.ts'
import { clock, never, random, TestStore, task } from './store.ts'

const LARGE = 100_000

const store = new TestStore()
let backend: EmbeddedBackend
beforeEach(async () => {
  backend = await store.open()
})

const echo: Tool = { name: 'echo', idempotent: true, run: ({ input }) => input }
const length: Tool = { name: 'length', run: ({ input }) => JSON.stringify(input).length }
/** A list of two items, one of them large. */
const make: Tool = { name: 'make', run: ({ input }) => [{ n: 1, text: 'x'.repeat(Number(input)) }, { n: 2 }] }

async function done(input: TaskInput, ...more: readonly Tool[]) {
  const runner = new TaskRunner({ backend, clock })
  const common = { backend, clock, random, runner, upstreams: new Upstreams({ clock }) }
  const own = new Map([echo, length, make, ...more].map((one) => [one.name, one]))
  const tools = withSubAgents({ ...common, hire: hireSlots({ clock }) }, own)
  await runner.submit(task, input)
  const pool = new WorkerPool(slots(clock, 4))
  const report = await doTask({ ...common, tools, pool }, task, { workers: 4 }, never)
  return { runner, report, end: (id: string) => report.results.get(stepId(id)) }
}
const files = () => readdirSync(`${store.file}-blobs`, { recursive: true }).length

describe('a large value', () => {
  test('is passed by reference: in the store it stands once, and every step that wants it gets all of it', async () => {
    const { runner, end } = await done({
      steps: [
        { id: 'made', tool: 'make', input: LARGE },
        { id: 'whole', tool: 'length', input: [{ $result: 'made' }, { $result: 'made' }] },
        { id: 'part', tool: 'echo', input: { $result: 'made', path: [1, 'n'] } },
        { id: 'same', tool: 'echo', input: { $result: 'made' } },
      ],
    })
    const { length: characters } = JSON.stringify([{ n: 1, text: 'x'.repeat(LARGE) }, { n: 2 }])
    expect(end('whole')).toMatchObject({ value: 2 * characters + '[,]'.length })
    expect(end('part')).toMatchObject({ value: 2 })
    expect(end('made')).toMatchObject({ value: new BlobRef(expect.objectContaining({ characters })) })
    // A folder and a file: `same` is what `made` is.
    expect(files()).toBe(2)
    const stored = await backend.results.read(task)
    expect(JSON.stringify(stored).length).toBeLessThan(2000)
    expect(await runner.value(task, stepId('same'))).toEqual([{ n: 1, text: 'x'.repeat(LARGE) }, { n: 2 }])
    expect(await runner.value(task, stepId('part'))).toBe(2)
  })

  test('is a list that a step is done for, and what a condition looks at', async () => {
    const { end, report } = await done({
      steps: [
        { id: 'made', tool: 'make', input: LARGE },
        {
          id: 'each',
          tool: 'echo',
          map: { $result: 'made' },
          when: { value: { $result: 'made', path: [1] }, is: { n: 2 } },
          input: { $item: true, path: ['n'] },
        },
        { id: 'not', tool: 'echo', when: { value: { $result: 'made' }, is: [] } },
        { id: 'each-text', tool: 'echo', map: { $result: 'made' }, input: { $item: true } },
        { id: 'all', tool: 'length', input: { $result: 'each-text' } },
      ],
    })
    expect(report.outcome).toBe('succeeded')
    expect(end('each')).toMatchObject({ value: [1, 2] })
    expect(end('not')).toMatchObject({ state: 'skipped', unmet: true })
    expect(end('all')).toMatchObject({ state: 'succeeded' })
  })

  test('is what many short values make together', async () => {
    const list = Array.from({ length: 20 }, (_, n) => String(n).repeat(10_000))
    const { end } = await done({
      steps: [
        { id: 'each', tool: 'echo', map: list, input: { $item: true } },
        { id: 'all', tool: 'length', input: { $result: 'each' } },
      ],
    })
    expect(end('all')).toMatchObject({ value: JSON.stringify(list).length })
    expect(files()).toBe(2)
  })

  test('goes down to sub-agents, and comes up from them', async () => {
    const steps = [
      { id: 'got', tool: 'length', input: { $given: true } },
      { id: 'back', tool: 'make', input: LARGE },
    ]
    const { end, runner } = await done({
      steps: [
        { id: 'made', tool: 'make', input: LARGE },
        {
          id: 'sub',
          tool: 'agent',
          budget: { agents: 1, steps: 2 },
          input: { $result: 'made' },
          task: { steps },
        },
        { id: 'after', tool: 'echo', input: { $result: 'sub', path: ['back', 1, 'n'] } },
      ],
    })
    expect(end('after')).toMatchObject({ value: 2 })
    const { got, back } = (await runner.value(task, stepId('sub'))) as { got: number; back: Json[] }
    expect([got, back.length]).toEqual([JSON.stringify(back).length, 2])
  })

  test('has nothing at a path: that step has failed, and no other', async () => {
    const { end } = await done({
      steps: [
        { id: 'made', tool: 'make', input: LARGE },
        { id: 'a', tool: 'echo', input: { $result: 'made', path: ['no'] } },
        { id: 'b', tool: 'echo', map: { $result: 'made', path: [7] } },
        { id: 'c', tool: 'echo', after: ['made'] },
      ],
    })
    for (const id of ['a', 'b']) expect(end(id)).toMatchObject({ error: { code: 'INVALID_INPUT' } })
    expect(end('c')).toMatchObject({ state: 'succeeded' })
  })

  test.each([
    ['changed', (file: string) => writeFileSync(file, '"other"')],
    ['removed', (file: string) => rmSync(file)],
  ])(
    'whose file was %s is lost and not replaced: what needs it has failed, and the task ends',
    async (_, damage) => {
      const folder = `${store.file}-blobs`
      const spoil: Tool = {
        name: 'spoil',
        run: () => {
          const [file] = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) =>
            one.isFile(),
          )
          damage(join(file?.parentPath ?? '', file?.name ?? ''))
          return null
        },
      }
      const steps = [
        { id: 'made', tool: 'make', input: LARGE },
        { id: 'spoil', tool: 'spoil', after: ['made'] },
        { id: 'a', tool: 'echo', input: { $result: 'made' }, after: ['spoil'] },
        { id: 'b', tool: 'echo', map: { $result: 'made' }, after: ['spoil'] },
      ]
      const { end, runner, report } = await done({ steps }, spoil)
      for (const id of ['a', 'b']) expect(end(id)).toMatchObject({ error: { code: 'INVARIANT' } })
      expect(report.outcome).toBe('partial')
      await expect(runner.value(task, stepId('made'))).rejects.toMatchObject({ code: 'INVARIANT' })
    },
  )

  test('cannot be forged: what looks like one is what it is', async () => {
    const { blob } = { blob: { hash: await backend.blobs.put(task, '"secret"'), characters: 8 } }
    const looks = [{ blob, path: [] }, JSON.parse(JSON.stringify(new BlobRef(blob))), { $blob: blob }]
    const { end } = await done({
      steps: [
        { id: 'a', tool: 'echo', input: looks },
        { id: 'b', tool: 'echo', input: { $result: 'a' } },
      ],
    })
    expect(end('b')).toMatchObject({ value: looks })
  })
})

test('a value is asked for by the name of its step', async () => {
  const { runner } = await done({ steps: [{ id: 'a', tool: 'nobody-has-it' }] })
  await expect(runner.value(task, stepId('a'))).rejects.toMatchObject({ code: 'CONFLICT' })
  await expect(runner.value(task, stepId('b'))).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await expect(runner.value(swarmId('no'), stepId('a'))).rejects.toMatchObject({ code: 'TASK_NOT_FOUND' })
})

test('whatever is left out of a value comes back where it was', async () => {
  const contents = ['"a"', '[1,{"k":[2,3]}]', 'null']
  const refs = await Promise.all(
    contents.map(async (text) => new BlobRef({ hash: await backend.blobs.put(task, text), characters: 1 })),
  )
  const plain = (value: Value): Json => {
    if (value instanceof BlobRef) return JSON.parse(contents[refs.indexOf(value)] ?? '')
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(plain)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one as Value)]))
  }
  const { tree } = fc.letrec<{ tree: Value }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom<Value>(...refs, null, 1, 'x', true),
      fc.array(tie('tree'), { maxLength: 4 }),
      fc.dictionary(fc.constantFrom('a', 'b', '$result', '0'), tie('tree'), { maxKeys: 4 }),
    ),
  }))
  await fc.assert(
    fc.asyncProperty(tree, async (value) => {
      const { json, blobs } = JSON.parse(JSON.stringify(detach(value)))
      expect(await attach(backend.blobs, task, { json, blobs })).toEqual(plain(value))
    }),
    { numRuns: 100 },
  )
})
