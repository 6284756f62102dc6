import type { Clock } from '../../../core/index.ts'
import type { ProbeRequest, ProbeResult } from '../../driver.ts'
import { known, unknown } from '../../observation.ts'
import type { SimMesh } from './mesh.ts'
import { crossLink } from './packet.ts'

/** IPv6 and ICMP headers. */
const HEADER_BYTES = 48

/**
 * Sends the packets of one request at their times and waits for the last arrival or its time-out. One way, as
 * between executors: a packet counts when it arrived. Rejects only with CANCELLED.
 */
export async function runProbe(
  components: { readonly mesh: SimMesh; readonly clock: Clock; readonly sync: () => void },
  request: ProbeRequest,
  signal: AbortSignal,
): Promise<ProbeResult> {
  const { mesh, clock, sync } = components
  const bytes = request.bytes + HEADER_BYTES
  let attempt: () => number
  try {
    attempt = sender(mesh, request, bytes)
  } catch (error) {
    return unsent(request, error instanceof Error ? error.message : 'unknown place')
  }
  const delays: number[] = []
  let lastArrivalAt = clock.now()
  for (let i = 0; i < request.count; i++) {
    if (i > 0) await clock.sleep(request.intervalMs, signal)
    sync()
    const delay = attempt()
    const hasArrived = delay >= 0 && delay <= request.timeoutMs
    if (hasArrived) delays.push(delay)
    lastArrivalAt = Math.max(lastArrivalAt, clock.now() + (hasArrived ? delay : request.timeoutMs))
  }
  await clock.sleep(lastArrivalAt - clock.now(), signal)
  const mean = delays.reduce((sum, delay) => sum + delay, 0) / delays.length
  const delayMs = delays.length === 0 ? unknown('nothing arrived') : known(mean, 'simulated', clock.now())
  return { request, source: 'simulated', sent: request.count, received: delays.length, delayMs }
}

/** What sends one packet now and returns its delay, -1 where it is lost. Throws for places that are not. */
function sender(mesh: SimMesh, request: ProbeRequest, bytes: number): () => number {
  const [from, to] = [mesh.node(request.from), mesh.node(request.to)]
  if (request.link === undefined) return () => mesh.send(from, to, bytes)
  const slot = mesh.linkSlots(request.link).find((s) => mesh.wiring.owner[s] === from)
  if (slot === undefined || mesh.wiring.peer[slot] !== to) {
    throw new Error(`the link ${request.link} does not lead from ${request.from} to ${request.to}`)
  }
  if (mesh.world.ifaceUp[slot] === 0) {
    throw new Error(`the interface ${mesh.wiring.ifaces[slot]} of ${request.from} is down`)
  }
  return () => crossLink(mesh.state, slot, bytes)
}

function unsent(request: ProbeRequest, error: string): ProbeResult {
  return { request, source: 'simulated', sent: 0, received: 0, delayMs: unknown(error), error }
}
