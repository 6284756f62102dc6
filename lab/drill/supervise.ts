import { type Clock, sequentialIds } from '../../src/core/index.ts'
import {
  type DigitalTwin,
  type HealEvent,
  HealingSession,
  type SessionOptions,
  type StampedHealEvent,
} from '../../src/mapek/index.ts'
import type { MeshDriver } from '../../src/mesh/index.ts'
import type { SwarmAuthority } from '../../src/security/index.ts'
import { MemoryJournal } from '../../src/store/index.ts'

/** A swarm at work on a mesh that somebody breaks. */
export interface Supervision {
  readonly session: HealingSession
  readonly events: readonly StampedHealEvent[]
  /** Until no incident is in work, `limitMs` at most; then gives back what traffic is kept off. */
  standDown(limitMs: number, signal: AbortSignal): Promise<void>
  /** Ends the swarm. Rejects with what stopped it earlier, if anything did. A second call returns the first one. */
  stop(): Promise<void>
}

export interface SuperviseComponents {
  readonly driver: MeshDriver
  readonly clock: Clock
  readonly twin: DigitalTwin
  /** Over the nodes; without it they refuse every change. */
  readonly authority?: SwarmAuthority
}

export async function supervise(
  { driver, clock, twin, authority }: SuperviseComponents,
  options: SessionOptions,
  onEvent: (event: StampedHealEvent) => void = () => {},
): Promise<Supervision> {
  const events: StampedHealEvent[] = []
  const stop = new AbortController()
  const journal = new MemoryJournal<HealEvent>({ clock })
  const listen = (event: StampedHealEvent) => {
    events.push(event)
    onEvent(event)
  }
  const ids = sequentialIds(clock.now())
  const held = authority ? { authority } : {}
  const components = { driver, clock, ids, twin, journal, ...held, onEvent: listen }
  const session = await HealingSession.open(components, options, stop.signal)
  const running = session.run(stop.signal)
  // Whoever stops it hears of a failure; until then it must not end the process.
  running.catch(() => undefined)
  return {
    session,
    events,
    standDown: async (limitMs, signal) => {
      const end = clock.now() + limitMs
      while (session.coordinator.open().length > 0 && clock.now() < end) await clock.sleep(100, signal)
      await session.coordinator.release(signal)
    },
    stop: () => {
      stop.abort()
      return running
    },
  }
}
