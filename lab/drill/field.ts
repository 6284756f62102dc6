import type { Clock, Random } from '../../src/core/index.ts'
import type { FaultTarget, Placement, PlaceOptions } from '../faults/index.ts'
import type { OutageOptions, OutageReport } from '../outage.ts'

/** A stream of end-to-end packets seen from outside the system under test. */
export interface TrafficProbe {
  report(options: OutageOptions): OutageReport
  waitHealed(options: OutageOptions, signal: AbortSignal): Promise<OutageReport>
  stop(): Promise<void>
}

/**
 * Where a drill happens: a mesh that can be broken and watched from outside. The real lab and the simulated mesh
 * are fields. The swarm under test gets a driver and nothing of the field but its clock.
 */
export interface DrillField {
  readonly name: string
  readonly nodes: number
  readonly clock: Clock
  place(fault: string, random: Random, signal: AbortSignal, options?: PlaceOptions): Promise<Placement>
  /** Lets the fault strike; resolves with what takes it back. */
  inject(fault: string, target: FaultTarget): Promise<{ revert(): Promise<void> }>
  probe(from: string, to: string, bytes: number): TrafficProbe
  /**
   * Until the best paths have been the same for a while; of real daemons also until they use every link again.
   * `limitMs` at most for each.
   */
  settle(limitMs: number, signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
