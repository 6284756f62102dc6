import { spawn } from 'node:child_process'
import type { InventoryNode } from '../inventory.ts'
import { inside, limiter } from './exec.ts'
import type { WireProbe, WireProbeResult } from './protocol.ts'

/** Sixteen children at a time. */
const bounded = limiter(16)

/**
 * Probes a node where no executor of ours is: echo requests from `from`, there and back; the delay is half of the
 * round trip. One `ping` process. Where there is none, the result says so; it never rejects. Killed on abort.
 */
export function ping(from: InventoryNode, probe: WireProbe, signal: AbortSignal): Promise<WireProbeResult> {
  return bounded(async () => {
    if (signal.aborted) return { sent: 0, received: 0, error: 'cancelled' }
    const address = probe.address.replace(/^::ffff:(?=\d+\.)/, '')
    const target = probe.iface === undefined ? address : `${address}%${probe.iface}`
    const interval = Math.max(0.002, probe.intervalMs / 1000)
    const argv = ['ping', '-n', '-q', '-c', String(probe.count), '-i', interval.toFixed(3)]
    const wait = Math.max(0.05, probe.timeoutMs / 1000).toFixed(3)
    const text = await output(
      from,
      [...argv, '-W', wait, '-s', String(Math.max(0, probe.bytes - 8)), target],
      signal,
    )
    return text === undefined ? { sent: 0, received: 0, error: 'there is no ping here' } : parsePing(text)
  })
}

/** Reads the summary of iputils and busybox. */
function parsePing(text: string): WireProbeResult {
  const counts = /(\d+) packets transmitted, (\d+)(?: packets)? received/.exec(text)
  if (!counts) return { sent: 0, received: 0, error: text.trim().slice(0, 200) || 'ping said nothing' }
  const average = /= [\d.]+\/([\d.]+)\//.exec(text)?.[1]
  const [sent, received] = [Number(counts[1]), Number(counts[2])]
  return average === undefined ? { sent, received } : { sent, received, delayMs: Number(average) / 2 }
}

function output(
  from: InventoryNode,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const [file = '', ...args] = inside(from, argv)
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    const kill = () => child.kill('SIGKILL')
    signal.addEventListener('abort', kill, { once: true })
    let text = ''
    const take = (chunk: string) => {
      text += chunk
    }
    child.stdout.setEncoding('utf8').on('data', take)
    child.stderr.setEncoding('utf8').on('data', take)
    const end = (value: string | undefined) => {
      signal.removeEventListener('abort', kill)
      resolve(value)
    }
    child.once('error', () => end(undefined))
    child.once('close', () => end(text))
  })
}
