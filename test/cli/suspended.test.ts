// The rule: a person sees whom the nodes have suspended and why, which changes nothing; and lifts it by its id, with the root.
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  agentId,
  fromUnknown,
  nodeId,
  RealClock,
  randomIds,
  seededRandom,
  toErrorBody,
} from '../../src/core/index.ts'
import type { GateAsk } from '../../src/mesh/index.ts'
import {
  BiscuitEngine,
  CapabilityManager,
  createRootKey,
  EpochIssuer,
  enrol,
  type KeyPair,
  keyPair,
  MemoryEpochStore,
  NodeAuthority,
  readRootKey,
  SwarmAuthority,
  seedOf,
} from '../../src/security/index.ts'
import { meshswarm, type RunOptions } from './harness.ts'

const clock = new RealClock()
const ids = randomIds(seededRandom(Date.now()))
const never = new AbortController().signal
let base = ''
let engine: BiscuitEngine
let root: KeyPair
const place = (name: string) => ({
  directory: join(base, 'nodes', name),
  executor: join(base, 'executor', name),
})
const authority = () => join(base, 'authority')

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'meshswarm-suspended-'))
  engine = new BiscuitEngine({ clock })
  createRootKey(authority())
  root = readRootKey(authority())
})
afterEach(async () => {
  await engine.close()
  rmSync(base, { recursive: true })
})

/** Two places: the nodes of `a`, which are under the root, and `b`, where an executor never ran. */
const run = (argv: readonly string[], options?: RunOptions) =>
  meshswarm(argv, { clock, nodePlaces: () => [place('b'), place('a')], ...options })
const LIFT = (id: string, by: string) => ['lift', id, '--by', by, '--authority', authority()]
const lift = (id: string, ...flags: string[]) => run([...LIFT(id, 'ann'), ...flags])

const open = (name = 'a') =>
  NodeAuthority.open({ clock, ids }, { directory: place(name).directory, past: [] })

/** The id of what nodes find out about an agent that asks for what it may not. */
async function suspend(nodes: NodeAuthority): Promise<string> {
  const epochs = new EpochIssuer({ clock, root, store: new MemoryEpochStore() })
  if (nodes.state.epoch === 0) await nodes.tell(await epochs.issue('running', 'test'))
  const manager = new CapabilityManager({ engine, clock, root })
  const own = new SwarmAuthority({ clock, manager, ids }, { nodes: [nodeId('n1')], blastRadius: 1 })
  for (let index = 0; index < 12; index++) {
    const ask: GateAsk = { operation: 'hasten', nodes: [nodeId(`x${index}`)], forMs: 100 }
    const proof = await own.prover(agentId('executor-3'), ask)(nodes.state, never)
    await nodes.admit(ask, proof, never).catch(() => undefined)
  }
  return nodes.state.suspensions?.at(-1)?.id ?? ''
}

async function suspended(): Promise<string> {
  enrol(place('a').directory, root.publicKey, { nodes: 10 })
  await using nodes = await open()
  return await suspend(nodes)
}

function contents(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => {
      const file = join(parentPath, name)
      return `${file} ${statSync(file).mtimeMs} ${readFileSync(file).toString('base64')}`
    })
}

test('suspended lists who it is, why and since when, and touches nothing', async () => {
  expect(await run(['suspended'])).toMatchObject({
    code: 0,
    out: 'nobody is suspended on the nodes of this machine\n',
  })
  const id = await suspended()
  appendFileSync(join(place('a').directory, 'suspensions.jsonl'), '{"torn')
  const before = contents(base)
  const { code, out } = await run(['suspended'])
  expect(code).toBe(0)
  expect(out).toContain(id)
  expect(out).toContain('suspended: agent executor-3 asks for what no capability of it covers')
  expect(out).toMatch(/\d+ of \d+ different nodes asked for were out of scope/)
  const json = JSON.parse((await run(['suspended', '--json'])).out)
  expect(json).toMatchObject([{ directory: place('a').directory, suspensions: [{ id }] }])
  expect((await lift(id, '--dry-run')).out).toContain(`${id} would be lifted by ann: agent executor-3`)
  expect(contents(base)).toEqual(before)
})

test('what a name holds cannot write lines of its own', async () => {
  const id = await suspended()
  for (const flags of [['--dry-run'], []]) {
    const { code, out } = await run([...LIFT(id, 'x\n\u001b[2Jy'), ...flags])
    expect(code).toBe(0)
    expect(out).not.toContain('\u001b')
    expect(out.split('\n')).toHaveLength(2)
  }
})

test('lift ends it for good, where no executor runs, and needs the root, a name and an id that stands', async () => {
  const id = await suspended()
  expect(await run(['lift', id, '--authority', authority()])).toMatchObject({ code: 2, out: '' })
  expect(await run(LIFT(id, ' '))).toMatchObject({ code: 2 })
  expect(await run(['lift', id, '--by', 'ann', '--authority', join(base, 'none')])).toMatchObject({ code: 2 })
  const stranger = { rootKey: seedOf(keyPair()).toString('hex') }
  const denied = await run(['lift', id, '--by', 'eve', '--authority', join(base, 'none')], stranger)
  expect(denied).toMatchObject({ code: 1, err: expect.stringContaining('INCIDENT_NOT_FOUND') })
  for (const flags of [[], ['--dry-run']])
    expect(await lift('incident-unknown', ...flags)).toMatchObject({
      ...{ code: 1, out: '', err: expect.stringContaining('meshswarm suspended') },
    })
  expect((await run(['suspended'])).out).toContain(id)
  expect(await lift(id)).toMatchObject({
    code: 0,
    out: `${id} is lifted by ann: no executors told, 1 to obey when it starts, 1 under another root\n`,
  })
  expect((await run(['suspended'])).out).toContain('nobody is suspended')
  expect(await lift(id)).toMatchObject({ code: 1, err: expect.stringContaining('INCIDENT_NOT_FOUND') })
})

test('an executor that runs is told, and one that knows nothing of it says so', async () => {
  const id = await suspended()
  enrol(place('b').directory, root.publicKey, { nodes: 10 })
  await using nodes = await open()
  await using _ = await listen(nodes)
  expect((await run(['suspended'])).out).toContain(id)
  expect(JSON.parse((await lift(id, '--json')).out)).toMatchObject({
    ...{ id, by: 'ann', lifted: true },
    deliveries: [{ outcome: 'unknown' }, { outcome: 'told' }],
  })
  expect(nodes.state.suspensions).toEqual([])
  expect(await suspend(nodes)).not.toBe(id)
})

test('nodes that keep something damaged are not passed over', async () => {
  const id = await suspended()
  appendFileSync(join(place('a').directory, 'suspensions.jsonl'), 'x\n')
  for (const argv of [['suspended'], ['suspended', '--json']])
    expect(await run(argv)).toMatchObject({ code: 2, err: expect.stringContaining('line 2') })
  expect(await lift(id, '--dry-run')).toMatchObject({ code: 2, err: expect.stringContaining('line 2') })
  expect((await lift(id)).code).toBe(1)
})

/** An executor, as far as it hears statements. */
async function listen(nodes: NodeAuthority): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    createInterface({ input: socket }).on('line', async (line) => {
      const { id, statement } = JSON.parse(line)
      const answer = await nodes.tell(statement).then(
        () => ({ id, result: null }),
        (error: unknown) => ({ id, ...toErrorBody(fromUnknown(error)) }),
      )
      socket.write(`${JSON.stringify(answer)}\n`)
    })
  })
  mkdirSync(place('a').executor, { recursive: true })
  await new Promise<void>((resolve) => server.listen(join(place('a').executor, 'executor.sock'), resolve))
  return { [Symbol.asyncDispose]: async () => void server.close() }
}
