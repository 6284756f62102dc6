import type { MeshSnapshot } from '../../mesh/index.ts'
import type { HealthBook } from '../health/health-book.ts'
import type { MapekOptions } from '../options.ts'
import type { Symptom } from './symptom.ts'

/** Daemons that are gone or stopped for longer than a reload takes. */
export function detectDaemons(
  snapshot: MeshSnapshot,
  book: HealthBook,
  options: MapekOptions,
  now: number,
): Symptom[] {
  const symptoms: Symptom[] = []
  for (const node of snapshot.nodes.keys()) {
    const daemon = book.daemon(node)
    if (!daemon || daemon.state === 'running' || now - daemon.since < options.daemonGraceMs) continue
    symptoms.push({
      kind: 'daemon-down',
      key: `daemon:${node}`,
      node,
      onset: daemon.since,
      state: daemon.state,
    })
  }
  return symptoms
}
