import { fork } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { beforeEach, describe, expect, it } from 'vitest'
import { changeId, nodeId, RealClock } from '../../../src/core/index.ts'
import { openProving } from '../proving.ts'
import { processesNaming, type TestMesh, testMesh, whyNoMesh } from './netns-mesh.ts'

const skip = whyNoMesh()
const clock = new RealClock()
const never = new AbortController().signal
const COORDINATOR = fileURLToPath(new URL('./doomed-coordinator.ts', import.meta.url))

const open = (mesh: TestMesh) => openProving(mesh)

/** Waits until the node forwards again; on a busy machine that takes longer. */
async function undone(mesh: TestMesh): Promise<void> {
  for (let tries = 0; tries < 200 && forwarding(mesh, 'n1') === '0'; tries++) await clock.sleep(50)
  expect(forwarding(mesh, 'n1')).toBe('1')
}

const forwarding = (mesh: TestMesh, id: string) =>
  mesh.inside(id, 'sysctl', '-n', 'net.ipv6.conf.all.forwarding').trim()

/** Runs a coordinator in a process of its own until it says that its change is applied, and kills it. */
async function killedMidChange(mesh: TestMesh, confirmWithinMs: number): Promise<void> {
  const argument = JSON.stringify({
    inventory: mesh.inventory,
    dir: mesh.dir,
    confirmWithinMs,
  })
  const coordinator = fork(COORDINATOR, [argument], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  await new Promise((resolve) => coordinator.once('message', resolve))
  // The whole process group, as Ctrl-C and service managers do.
  process.kill(-(coordinator.pid ?? 0), 'SIGKILL')
}

/** A change that nobody confirms is undone on the node, whoever is dead by then. */
describe('commit-confirm on real daemons', { timeout: 40_000 }, () => {
  beforeEach((context) => context.skip(skip !== undefined, skip))

  it('undoes the change of a coordinator that was killed -9, and reports it to the next', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    await killedMidChange(mesh, 1500)
    expect(forwarding(mesh, 'n1')).toBe('0')
    await undone(mesh)
    const driver = await open(mesh)
    expect(await driver.changes(never)).toMatchObject([
      { id: 'doomed', state: 'rolled-back', reason: 'incident-7: black hole at n1' },
    ])
    await driver.close()
  })

  it('lets the next coordinator confirm what the killed one left pending', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    await killedMidChange(mesh, 5000)
    const driver = await open(mesh)
    expect(await driver.changes(never)).toMatchObject([{ id: 'doomed', state: 'pending' }])
    expect(await driver.confirm(changeId('doomed'), never)).toMatchObject({ state: 'confirmed' })
    expect(forwarding(mesh, 'n1')).toBe('0')
    await driver.close()
  })

  it('undoes at its start what a killed executor left', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    await killedMidChange(mesh, 1000)
    for (const pid of processesNaming(`${mesh.dir}/executor`)) process.kill(pid, 'SIGKILL')
    await clock.sleep(1300)
    expect(forwarding(mesh, 'n1')).toBe('0')
    const driver = await open(mesh)
    await undone(mesh)
    expect(await driver.changes(never)).toMatchObject([{ id: 'doomed', state: 'rolled-back' }])
    await driver.close()
  })

  it('starts another executor when one is killed under a running driver, and forgets nothing', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    const driver = await open(mesh)
    const id = changeId('c1')
    const action = { kind: 'set-forwarding', node: nodeId('n1'), enabled: false } as const
    await driver.apply(action, { id, confirmWithinMs: 2000, reason: 'test' }, never)
    for (const pid of processesNaming(`${mesh.dir}/executor`)) process.kill(pid, 'SIGKILL')
    await undone(mesh)
    await clock.sleep(100)
    expect(await driver.changes(never)).toMatchObject([{ id, state: 'rolled-back' }])
    await driver.close()
  })

  it('is on the disk before the node is touched, and undoes what fails half-way', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    const driver = await open(mesh)
    const options = { id: changeId('c1'), confirmWithinMs: 5000, reason: 'test' }
    const action = {
      kind: 'set-link-cost',
      node: nodeId('n1'),
      iface: 'to-n2',
      rxcost: 500,
      previous: 96,
    } as const
    for (const pid of processesNaming(`${mesh.dir}/n1.sock`)) process.kill(pid, 'SIGSTOP')
    await expect(driver.apply(action, options, never)).rejects.toMatchObject({ code: 'DAEMON_UNAVAILABLE' })
    const books = readFileSync(`${mesh.dir}/executor/changes.jsonl`, 'utf8')
    expect(JSON.parse(books.split('\n')[0] ?? '')).toMatchObject({ id: 'c1', state: 'applying' })
    for (const pid of processesNaming(`${mesh.dir}/n1.sock`)) process.kill(pid, 'SIGCONT')
    const pending = async () => (await driver.changes(never)).filter(({ state }) => state === 'pending')
    for (let tries = 0; tries < 200 && (await pending()).length > 0; tries++) await clock.sleep(50)
    expect(await pending()).toEqual([])
    await driver.close()
  })

  it('takes a mesh made anew under the same names for another one', async () => {
    const links = [['n1', 'n2']] as const
    const first = await testMesh(links)
    const driver = await open(first)
    const options = { id: changeId('c1'), confirmWithinMs: 60_000, reason: 'test' }
    const action = { kind: 'set-forwarding', node: nodeId('n1'), enabled: false } as const
    await driver.apply(action, options, never)
    await driver.close()
    for (const pid of processesNaming(`${first.dir}/executor`)) process.kill(pid, 'SIGKILL')
    const books = readFileSync(`${first.dir}/executor/changes.jsonl`, 'utf8')
    await first[Symbol.asyncDispose]()
    await using second = await testMesh(links)
    mkdirSync(`${second.dir}/executor`)
    writeFileSync(`${second.dir}/executor/changes.jsonl`, books)
    const next = await open(second)
    expect(await next.apply(action, options, never)).toMatchObject({ state: 'pending' })
    expect(forwarding(second, 'n1')).toBe('0')
    expect(await next.rollback(options.id, never)).toMatchObject({ state: 'rolled-back' })
    expect(forwarding(second, 'n1')).toBe('1')
    await next.close()
  })

  it('leaves no process behind when nothing is pending', async () => {
    await using mesh = await testMesh([['n1', 'n2']])
    const driver = await open(mesh)
    expect(processesNaming(`${mesh.dir}/executor`).length).toBeGreaterThan(0)
    await driver.close()
    const left = () => processesNaming(`${mesh.dir}/executor`)
    for (let tries = 0; tries < 200 && left().length > 0; tries++) await clock.sleep(50)
    expect(left()).toEqual([])
    expect(existsSync(`${mesh.dir}/executor/changes.jsonl`)).toBe(true)
  })
})
