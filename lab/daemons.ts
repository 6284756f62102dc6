import { access, readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { meshSwarmError } from '../src/core/index.ts'
import type { LabNode } from './plan.ts'
import { daemonIn, isDaemon, processesIn } from './processes.ts'
import { launch, runIn } from './run.ts'

const START_TIMEOUT_MS = 15_000

/** Starts all daemons and waits for their sockets. Rejects with UNAVAILABLE and the log of one that did not start. */
export async function startDaemons(nodes: readonly LabNode[], signal: AbortSignal): Promise<void> {
  for (const node of nodes) {
    signal.throwIfAborted()
    launch(node.start, node.log)
  }
  const deadline = Date.now() + START_TIMEOUT_MS
  let waiting = nodes
  for (;;) {
    const there = await Promise.all(waiting.map((node) => exists(node.socket)))
    waiting = waiting.filter((_, index) => !there[index])
    const [first] = waiting
    if (first === undefined) return
    if (Date.now() > deadline) {
      const log = await readFile(first.log, 'utf8').catch(() => '')
      throw meshSwarmError('UNAVAILABLE', `babeld of node ${first.id} did not start: ${log.slice(-500)}`)
    }
    await delay(20, undefined, { signal })
  }
}

/**
 * Starts the daemon of one node unless one runs there already, and waits until it runs, so that a second call
 * does not start a second one. Rejects with UNAVAILABLE where it does not come up.
 */
export async function ensureDaemon(node: LabNode): Promise<void> {
  if ((await daemonIn(node.netns)) !== undefined) return
  // A daemon that is stopped properly takes its routes along. One that was killed left them, and babeld never
  // installs a route beside an old one.
  await runIn(node.netns, ['ip', '-6', 'route', 'flush', 'proto', '42'])
  launch(node.start, node.log)
  for (let attempt = 0; attempt < 100; attempt++) {
    await delay(30)
    if ((await daemonIn(node.netns)) !== undefined) return
  }
  throw meshSwarmError('UNAVAILABLE', `babeld of node ${node.id} does not start again; see ${node.log}`)
}

export type DaemonStatus = 'running' | 'stopped' | 'dead'

export async function daemonStatus(nodes: readonly LabNode[]): Promise<Map<string, DaemonStatus>> {
  const processes = await processesIn(nodes.map((node) => node.netns))
  return new Map(
    nodes.map((node) => {
      const daemon = processes.get(node.netns)?.find(isDaemon)
      return [node.id, daemon === undefined ? 'dead' : daemon.state === 'T' ? 'stopped' : 'running']
    }),
  )
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
