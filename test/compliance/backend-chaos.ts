import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  entropySeed,
  type Random,
  RealClock,
  type StepId,
  seededRandom,
  swarmId,
} from '../../src/core/index.ts'
import { type Json, TaskRunner } from '../../src/engine/index.ts'
import type { OpenBackend } from './chaos-child.ts'

export interface ChaosFixture {
  /** A module that exports `open: OpenBackend`: every process opens the store by it. */
  readonly module: string
  /** For `open`. */
  readonly where: string
  /** Kills what the store runs in, and starts it again. Left out where it runs in the processes that use it. */
  killStore?(random: Random): Promise<void>
  /** Removes the store. */
  remove(): Promise<void>
}

const CHILD = fileURLToPath(new URL('./chaos-child.ts', import.meta.url))
const STEPS = 400
/** So long without a step that is done, and it is stuck. */
const STUCK_MS = 20_000
/** A worker is frozen for longer than its leases hold, and then goes on as if nothing had been. */
const FROZEN_MS = 900
const LEASE_MS = 600
const ROLES = ['lead', 'lead', 'work', 'work', 'work'] as const

interface Running {
  readonly role: string
  readonly child: ChildProcess
  readonly ended: Promise<string>
}

/**
 * What every `SwarmBackend` has to survive: two orchestrators and three workers, each a process, of which one is killed
 * every moment, or the store itself; or a worker is frozen, and comes back when others have its steps.
 */
export function describeBackendChaos(name: string, makeFixture: () => Promise<ChaosFixture>): void {
  let directory = ''
  let fixture: ChaosFixture
  let running: Running[] = []
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'meshswarm-chaos-'))
    fixture = await makeFixture()
  })
  afterEach(async () => {
    for (const { child } of running) child.kill('SIGKILL')
    await Promise.all(running.map(({ ended }) => ended))
    running = []
    await fixture.remove()
    rmSync(directory, { recursive: true, force: true })
  })

  const task = swarmId('chaos')
  const diary = () => join(directory, 'diary')
  const start = (role: string) => {
    const args = [CHILD, role, fixture.module, fixture.where, task, diary(), String(LEASE_MS)]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const ended = new Promise<string>((resolve) => child.once('close', () => resolve(said)))
    running.push({ role, child, ended })
  }
  const killOne = async (random: Random) => {
    const victim = running[random.int(running.length)]
    if (!victim) return
    victim.child.kill('SIGKILL')
    await victim.ended
    running = running.filter((one) => one !== victim)
    start(victim.role)
  }

  const freezeOne = async (random: Random) => {
    const workers = running.filter(({ role }) => role === 'work')
    const child = workers[random.int(workers.length)]?.child
    child?.kill('SIGSTOP')
    await delay(FROZEN_MS)
    child?.kill('SIGCONT')
  }

  const disturb = (random: Random) => {
    const kind = random.int(4)
    if (kind === 0) return freezeOne(random)
    return kind === 1 && fixture.killStore ? fixture.killStore(random) : killOne(random)
  }

  it(`${name}: every step is done and the first result of each stays, whoever is killed`, {
    timeout: 110_000,
  }, async () => {
    writeFileSync(diary(), '')
    const seed = entropySeed()
    const random = seededRandom(seed)
    const { open } = (await import(fixture.module)) as { readonly open: OpenBackend }
    const backend = await open(fixture.where)
    const steps = Array.from({ length: STEPS }, (_, n) => ({
      ...{ id: `s${n}`, tool: 'note' },
      after: n < 40 ? [] : [`s${n - 40}`, `s${n - 37}`],
    }))
    await new TaskRunner({ backend, clock: new RealClock() }).submit(task, { steps })
    for (const role of ROLES) start(role)
    /** The first result of each step, as they come; a disturbance only after the last one was got over. */
    const first = new Map<StepId, Json>()
    let recovered = Promise.withResolvers<void>()
    const stop = new AbortController()
    const watching = (async () => {
      for await (const entries of backend.results.follow(task, 0, stop.signal)) {
        for (const { step, result } of entries) if (!first.has(step)) first.set(step, result)
        recovered.resolve()
      }
    })().catch(() => undefined)
    let disturbances = 0
    for (let said: string | undefined; said === undefined; disturbances++) {
      const leads = running.filter(({ role }) => role === 'lead').map(({ ended }) => ended)
      const stuck = delay(STUCK_MS, `stuck at ${first.size} steps`, { signal: stop.signal, ref: false })
      const next = recovered.promise.then(() => delay(random.next() * 150, undefined))
      said = await Promise.race([...leads, next, stuck])
      if (said !== undefined) expect(said, `seed ${seed}, ${disturbances} disturbances`).toBe('succeeded')
      recovered = Promise.withResolvers<void>()
      if (said === undefined) await disturb(random)
    }
    stop.abort()
    await watching
    const results = await backend.results.read(task)
    await backend.close()
    expect(disturbances).toBeGreaterThan(3)
    expect(new Map(results.map(({ step, result }) => [step, result]))).toEqual(first)
    expect(results).toHaveLength(STEPS)
    // Whatever has a result was really done.
    const done = new Set(readFileSync(diary(), 'utf8').split('\n').slice(0, -1))
    expect(done.size).toBe(STEPS)
  })
}
