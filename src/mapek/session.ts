import type { Clock, IdSource } from '../core/index.ts'
import type { MeshDriver } from '../mesh/index.ts'
import {
  type AuditLog,
  type Decision,
  decisionEntry,
  MeshNodeController,
  readOnlyMesh,
  type SwarmAuthority,
} from '../security/index.ts'
import type { Journal } from '../store/index.ts'
import { Swarm } from '../swarm/index.ts'
import { KEEPER, SwarmMAPEKCoordinator } from './coordinator.ts'
import type { HealEvent, StampedHealEvent } from './events.ts'
import { inheritFrom } from './inheritance.ts'
import type { MapekOptions } from './options.ts'
import type { DigitalTwin } from './twin.ts'

export interface SessionComponents {
  readonly driver: MeshDriver
  readonly clock: Clock
  readonly ids: IdSource
  readonly twin: DigitalTwin
  readonly journal: Journal<HealEvent>
  /** Holds every decision before the journal does. Where it cannot, nothing is done. */
  readonly audit?: Pick<AuditLog, 'append'>
  /** The agents' authority over the nodes. Without it nodes that have a gate refuse every change. */
  readonly authority?: SwarmAuthority
  /** Hears every event after it is in the journal. */
  readonly onEvent?: (event: StampedHealEvent) => void
}

export interface SessionOptions extends Partial<MapekOptions> {
  /** 1 to 100. Default: one for each node, at least 10. One agent does the same work one step after another. */
  readonly agents?: number
}

/** Everything that heals one mesh, put together: swarm, controller, coordinator, journal. */
export class HealingSession {
  readonly coordinator: SwarmMAPEKCoordinator
  readonly swarm: Swarm
  readonly #journal: Journal<HealEvent>

  private constructor(coordinator: SwarmMAPEKCoordinator, swarm: Swarm, journal: Journal<HealEvent>) {
    this.coordinator = coordinator
    this.swarm = swarm
    this.#journal = journal
  }

  static async open(
    components: SessionComponents,
    options: SessionOptions,
    signal: AbortSignal,
  ): Promise<HealingSession> {
    const { driver, clock, ids, twin, journal, audit, authority, onEvent } = components
    const { agents, ...mapek } = options
    const { nodes: seen } = await driver.snapshot(signal)
    const nodes = [...seen.values()].filter(({ managed }) => managed).length
    const swarm = new Swarm(
      { clock },
      { agents: agents ?? Math.min(100, Math.max(10, nodes)), flexible: true },
    )
    const record = (event: HealEvent) => {
      const stamped = journal.appendSync(event)
      onEvent?.(stamped)
    }
    const onDecision = (decision: Decision) => {
      const told = () => record(asEvent(decision))
      return audit ? audit.append(decisionEntry(decision)).then(told) : told()
    }
    const mode = mapek.mode ?? 'advise'
    const held = authority && mode === 'heal' ? { authority } : {}
    const controller = new MeshNodeController({ driver, clock, onDecision, ...held }, { mode })
    const gate = await driver.gate(signal)
    if (gate) await held.authority?.prepare([...swarm.agents.map((one) => one.agentId), KEEPER], gate, signal)
    const eyes = readOnlyMesh(driver)
    const coordinator = new SwarmMAPEKCoordinator(
      { eyes, controller, workforce: swarm, twin, clock, ids, record },
      mapek,
    )
    return new HealingSession(coordinator, swarm, journal)
  }

  /** Heals until the signal aborts; may be called once. What an earlier run left in the journal is taken over. */
  async run(signal: AbortSignal): Promise<void> {
    try {
      await this.coordinator.run(inheritFrom(this.#journal.read()), signal)
    } finally {
      await this.swarm.terminate()
    }
  }
}

function asEvent(decision: Decision): HealEvent {
  const { operation, agent, change, action, reason } = decision
  const verdict = decision.allowed
    ? ({ allowed: true } as const)
    : { allowed: false, code: decision.code, why: decision.why }
  return { kind: 'decision', operation, by: agent, change, action, reason, ...verdict }
}
