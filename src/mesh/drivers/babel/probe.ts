import { type Clock, fromUnknown, hasCode } from '../../../core/index.ts'
import type { ProbeRequest, ProbeResult } from '../../driver.ts'
import { known, unknown } from '../../observation.ts'
import type { ExecutorClient } from './executor-client.ts'
import type { WireProbe, WireProbeResult } from './host/protocol.ts'
import type { LiveModel } from './live-model.ts'

/** As `MeshDriver.probe`: one message to the executor for all of them, and one back. */
export async function probeOverExecutor(
  clock: Clock,
  model: LiveModel,
  executor: ExecutorClient,
  requests: readonly ProbeRequest[],
  signal: AbortSignal,
): Promise<readonly ProbeResult[]> {
  const results = new Array<ProbeResult | undefined>(requests.length).fill(undefined)
  const probes: WireProbe[] = []
  const places: number[] = []
  for (const [index, request] of requests.entries()) {
    const target = locate(model, request)
    if (typeof target === 'string') results[index] = failedProbe(request, target)
    else {
      probes.push(target)
      places.push(index)
    }
  }
  const answers = probes.length === 0 ? [] : await ask(executor, probes, signal)
  const now = clock.now()
  for (const [position, index] of places.entries()) {
    const request = requests[index]
    const answer = answers[position]
    if (request && answer) results[index] = describe(request, answer, now)
  }
  return requests.map((request, index) => results[index] ?? failedProbe(request, 'no result'))
}

async function ask(
  executor: ExecutorClient,
  probes: readonly WireProbe[],
  signal: AbortSignal,
): Promise<readonly WireProbeResult[]> {
  try {
    return await executor.call<readonly WireProbeResult[]>({ op: 'probe', probes: [...probes] }, signal)
  } catch (error) {
    if (hasCode(error, 'CANCELLED')) throw error
    return probes.map(() => ({ sent: 0, received: 0, error: fromUnknown(error).message }))
  }
}

/** Where the packets go, or why they cannot. */
function locate(model: LiveModel, request: ProbeRequest): WireProbe | string {
  const { from, to, link, bytes, count, intervalMs, timeoutMs } = request
  const common = { from, to, bytes, count, intervalMs, timeoutMs }
  if (!model.nodes.has(from))
    return model.isStranger(from) ? `${from} is not managed from here` : `no node ${from}`
  if (!model.nodes.has(to) && !model.isStranger(to)) return `no node ${to}`
  if (link !== undefined) {
    const target = model.linkTarget(link, from)
    if (target?.to !== to) return `no link ${link} from ${from} to ${to}`
    return { ...common, iface: target.iface, address: target.address }
  }
  const address = model.addressOf(to)
  if (address === undefined) return `${to} has no address`
  return { ...common, address: address.includes(':') ? address : `::ffff:${address}` }
}

function describe(request: ProbeRequest, answer: WireProbeResult, now: number): ProbeResult {
  const { sent, received, delayMs, error } = answer
  return {
    request,
    source: 'measured',
    sent,
    received,
    delayMs: delayMs === undefined ? unknown('nothing arrived') : known(delayMs, 'measured', now),
    ...(error === undefined ? {} : { error }),
  }
}

function failedProbe(request: ProbeRequest, error: string): ProbeResult {
  return { request, source: 'measured', sent: 0, received: 0, delayMs: unknown(error), error }
}
