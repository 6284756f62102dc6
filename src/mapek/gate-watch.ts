import { hasCode, type IncidentId } from '../core/index.ts'
import type { GateState, MeshDriver, Suspension } from '../mesh/index.ts'
import type { Swarm } from '../swarm/index.ts'
import type { HealEvent } from './events.ts'
import type { Mode } from './options.ts'

export interface GateWatchComponents {
  readonly driver: Pick<MeshDriver, 'gate' | 'watch'>
  readonly record: (event: HealEvent) => void
  /** Whoever of them the nodes have suspended gets no further work. */
  readonly crew: Swarm['pool']
}

export interface GateWatchOptions {
  readonly mode: Mode
}

/**
 * Hears what the nodes' gate says of itself: writes down that it closes, opens or suspends somebody, and leaves the work
 * of a suspended agent to the others. The nodes refuse it in any case.
 */
export class GateWatch {
  readonly #components: GateWatchComponents
  readonly #mode: Mode
  #closed: string | undefined
  #standing: ReadonlyMap<IncidentId, Suspension> = new Map()

  constructor(components: GateWatchComponents, { mode }: GateWatchOptions) {
    this.#components = components
    this.#mode = mode
  }

  /** Until the signal aborts, or the driver is closed. Rejects where something cannot be written down. */
  async run(signal: AbortSignal): Promise<void> {
    const { driver } = this.#components
    try {
      if (!(await driver.gate(signal))) return
      // First the stream: what changes after the look is in it.
      const changes = driver.watch(signal)
      const first = await driver.gate(signal)
      if (first) this.#take(first)
      for await (const change of changes) if (change.kind === 'gate') this.#take(change.gate)
    } catch (error) {
      if (!signal.aborted || !hasCode(error, 'CANCELLED')) throw error
    }
  }

  #take({ closed, epoch, suspensions }: GateState): void {
    const { record } = this.#components
    // In the other modes nothing is changed anyway, and the nodes may be under no authority yet.
    if (this.#mode === 'heal' && closed !== this.#closed) {
      this.#closed = closed
      record({ kind: 'gate', closed, epoch })
    }
    if (!suspensions) return
    const before = this.#standing
    this.#standing = new Map(suspensions.map((one) => [one.id, one]))
    for (const { id, title, openedAt, suspended, agents, evidence } of suspensions) {
      if (before.has(id)) continue
      record({ kind: 'suspension', incident: id, title, openedAt, suspended, agents, evidence })
    }
    for (const { id, title, suspended } of before.values()) {
      // An alarm that is gone may have made room for a later one.
      if (suspended.length > 0 && !this.#standing.has(id)) record({ kind: 'lifted', incident: id, title })
    }
    this.#rest()
  }

  /** Somebody has to go on watching: the last one stays at work. */
  #rest(): void {
    const { crew } = this.#components
    const names = new Set([...this.#standing.values()].flatMap(({ suspended }) => suspended))
    for (const agent of crew.workers) if (!names.has(`agent ${agent.agentId}`)) crew.resume(agent)
    for (const agent of crew.workers)
      if (names.has(`agent ${agent.agentId}`) && crew.capacity > 1) crew.suspend(agent)
  }
}
