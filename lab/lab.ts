import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { meshSwarmError } from '../src/core/index.ts'
import { nodeDirectory } from '../src/executor/index.ts'
import { parseInventory } from '../src/mesh/index.ts'
import { type DaemonStatus, daemonStatus, startDaemons } from './daemons.ts'
import { forgetEphemeral, tearDownWithProcess } from './exit.ts'
import { inventoryOf, inventoryPath, writeInventory } from './inventory.ts'
import { unusedLinks } from './neighbours.ts'
import { buildNamespaces, namespacesLike, removeNamespaces } from './netns.ts'
import type { Profile } from './plan.ts'
import { checkLabName, defaultStateDir, type LabNode, type LabPlan, netnsPrefix, planLab } from './plan.ts'
import { requireLab } from './requirements.ts'
import { type NextHops, pathOf, reachablePairs, readNextHops } from './routes.ts'
import { currentOwner, isAlive, readState, removeState, writeState } from './state.ts'
import type { Topology } from './topology.ts'

export interface LabOptions {
  /** Small letters and digits; labs of different names live side by side. */
  readonly name?: string
  readonly profile?: Profile
  readonly stateDir?: string
  /** Leave it up when this process ends. Otherwise it goes down with the process, whatever ends it but kill -9. */
  readonly keep?: boolean
}

export interface LabStatus {
  readonly name: string
  readonly profile: Profile
  readonly inventory: string
  readonly nodes: number
  readonly links: number
  readonly daemons: Readonly<Record<DaemonStatus, number>>
  /** Ordered pairs of nodes with a working way, and how many there are. */
  readonly reachablePairs: number
  readonly pairs: number
}

/** A mesh of real daemons on this machine. `up` makes one, `attach` finds the one that another process made. */
export class Lab {
  readonly plan: LabPlan
  readonly #nodes: ReadonlyMap<string, LabNode>

  private constructor(plan: LabPlan) {
    this.plan = plan
    this.#nodes = new Map(plan.nodes.map((node) => [node.id, node]))
  }

  /**
   * Builds the lab and starts its daemons; routes settle later (`waitConverged`). What crashed runs left, under
   * this name or another, is cleaned first. Rejects with CONFLICT where the name is in use, with NOT_ROOT or UNAVAILABLE
   * where the machine cannot; after a failure or an abort nothing is left.
   */
  static async up(topology: Topology, options: LabOptions, signal: AbortSignal): Promise<Lab> {
    const name = options.name ?? 'default'
    const stateDir = options.stateDir ?? defaultStateDir(name)
    const plan = planLab(topology, { name, stateDir, profile: options.profile ?? 'default' })
    await requireLab()
    signal.throwIfAborted()
    await refuseIfInUse(name, stateDir)
    await clean(name, stateDir)
    await cleanOrphans(dirname(stateDir))
    const keep = options.keep ?? false
    const owner = await currentOwner()
    await writeState({ version: 1, plan, owner, keep, ready: false })
    tearDownWithProcess(name, stateDir)
    try {
      await buildNamespaces(plan, signal)
      await startDaemons(plan.nodes, signal)
      await writeInventory(plan)
      await writeState({ version: 1, plan, owner, keep, ready: true })
    } catch (error) {
      await clean(name, stateDir)
      forgetEphemeral(stateDir)
      throw error
    }
    if (keep) forgetEphemeral(stateDir)
    return new Lab(plan)
  }

  /** A lab that is up, made by any process. Rejects with INVALID_INPUT where there is none. */
  static async attach(options: Pick<LabOptions, 'name' | 'stateDir'>): Promise<Lab> {
    const name = options.name ?? 'default'
    checkLabName(name)
    const state = await readState(options.stateDir ?? defaultStateDir(name))
    if (state?.ready) return new Lab(state.plan)
    throw meshSwarmError('INVALID_INPUT', `no lab '${name}' is up; start one with: meshswarm lab up`)
  }

  /** Ends a lab by name, whoever made it and however far it came. True where there was something to end. */
  static async down(options: Pick<LabOptions, 'name' | 'stateDir'>): Promise<boolean> {
    const name = options.name ?? 'default'
    checkLabName(name)
    const stateDir = options.stateDir ?? defaultStateDir(name)
    const existed = await clean(name, stateDir)
    forgetEphemeral(stateDir)
    return existed
  }

  get name(): string {
    return this.plan.name
  }

  get nodes(): readonly LabNode[] {
    return this.plan.nodes
  }

  get inventory(): string {
    return inventoryPath(this.plan.stateDir)
  }

  /** Throws INVALID_INPUT for a stranger. */
  node(id: string): LabNode {
    const node = this.#nodes.get(id)
    if (node === undefined) throw meshSwarmError('INVALID_INPUT', `the lab has no node '${id}'`)
    return node
  }

  /** Ends all its processes and removes everything. A second call does nothing. */
  async down(): Promise<void> {
    await Lab.down({ name: this.plan.name, stateDir: this.plan.stateDir })
  }

  nextHops(signal: AbortSignal): Promise<NextHops> {
    return readNextHops(this.plan, signal)
  }

  /** The way that the kernels take now, both ends included; undefined where there is none. */
  async path(from: string, to: string, signal: AbortSignal): Promise<string[] | undefined> {
    return pathOf(await this.nextHops(signal), this.node(from).id, this.node(to).id)
  }

  async status(signal: AbortSignal): Promise<LabStatus> {
    const ids = this.nodes.map((node) => node.id)
    const daemons = { running: 0, stopped: 0, dead: 0 }
    for (const state of (await daemonStatus(this.nodes)).values()) daemons[state]++
    return {
      name: this.plan.name,
      profile: this.plan.profile,
      inventory: this.inventory,
      nodes: ids.length,
      links: this.plan.links.length,
      daemons,
      reachablePairs: reachablePairs(await this.nextHops(signal), ids),
      pairs: ids.length * (ids.length - 1),
    }
  }

  /** Until every node has a working way to every other. Ends with the signal's reason only: give it a timeout. */
  async waitConverged(signal: AbortSignal): Promise<void> {
    const ids = this.nodes.map((node) => node.id)
    const goal = ids.length * (ids.length - 1)
    while (reachablePairs(await this.nextHops(signal), ids) < goal) await delay(200, undefined, { signal })
  }

  /**
   * Until the daemons route over every link. After a fault, or a repair, babeld takes up to 12 s to believe in a link
   * again, and until then there may be no way around the next one. Ends as `waitConverged`.
   */
  async waitWhole(signal: AbortSignal): Promise<void> {
    while ((await unusedLinks(this.plan, signal)).length > 0) await delay(1000, undefined, { signal })
  }

  /**
   * Until no next hop in the lab has changed for `seconds` (the first routes are not yet the best ones: 20 to 90 s
   * at default timers). With `pairs`, only their ways count, there and back.
   */
  async waitStable(
    seconds: number,
    signal: AbortSignal,
    pairs?: readonly (readonly [string, string])[],
  ): Promise<void> {
    let last = ''
    let since = Date.now()
    for (;;) {
      const hops = await this.nextHops(signal)
      const ways = pairs?.map(([a, b]) => [pathOf(hops, a, b), pathOf(hops, b, a)])
      const now = JSON.stringify(ways ?? [...hops].map(([id, table]) => [id, [...table].sort()]))
      if (now !== last) since = Date.now()
      last = now
      if (Date.now() - since >= seconds * 1000) return
      await delay(500, undefined, { signal })
    }
  }
}

async function refuseIfInUse(name: string, stateDir: string): Promise<void> {
  const state = await readState(stateDir)
  if (state === undefined || (!(state.keep && state.ready) && !(await isAlive(state.owner)))) return
  throw meshSwarmError('CONFLICT', `lab '${name}' is up; end it with: meshswarm lab down --name ${name}`)
}

/** Labs whose process was killed before it could take them down: under whatever name, they only cost. */
async function cleanOrphans(root: string): Promise<void> {
  const names = await readdir(root).catch(() => [])
  await Promise.all(
    names.map(async (entry) => {
      const stateDir = join(root, entry)
      const state = await readState(stateDir)
      if (state === undefined || state.keep || (await isAlive(state.owner))) return
      await clean(state.plan.name, stateDir)
    }),
  )
}

/** Removes all traces: what the state file lists and whatever else carries the lab's prefix. */
async function clean(name: string, stateDir: string): Promise<boolean> {
  const state = await readState(stateDir)
  const listed = state?.plan.nodes.map((node) => node.netns) ?? []
  const found = await namespacesLike(netnsPrefix(name))
  await removeNamespaces([...new Set([...listed, ...found])])
  // Who rules a mesh that is gone does not rule the next one of its name.
  if (state)
    await rm(nodeDirectory(parseInventory(inventoryOf(state.plan), 'lab')), { recursive: true, force: true })
  await removeState(stateDir)
  return state !== undefined || found.length > 0
}
