import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { activeFaults, type FaultTarget, injectFault, type Lab, Prober } from '../../lab/index.ts'
import { processesIn } from '../../lab/processes.ts'
import { runIn } from '../../lab/run.ts'
import { babelStatements } from '../../lab/socket.ts'

// On a line there is no way around: what a fault does shows in the traffic, not in how the routing avoids it.
export const LINK: FaultTarget = { kind: 'link', from: 'n2', to: 'n3' }
export const NODE: FaultTarget = { kind: 'node', node: 'n2' }

export async function lossBetween(
  lab: Lab,
  from: string,
  to: string,
  bytes: number,
  ms: number,
): Promise<number> {
  // Some hundred packets even in a short time: shares of a hundred are 0.1 off now and then.
  const prober = Prober.start(lab.node(from), lab.node(to), { bytes, intervalMs: 5 })
  const onset = Date.now()
  await delay(ms + 400)
  await prober.stop()
  const seen = prober.packets.filter((packet) => packet.sentAt >= onset && packet.sentAt < onset + ms)
  return seen.length === 0 ? 1 : seen.filter((packet) => !packet.answered).length / seen.length
}

/** Everything that a fault could leave behind on the nodes. */
async function traces(lab: Lab): Promise<string[]> {
  const found: string[] = []
  const processes = await processesIn(lab.nodes.map((node) => node.netns))
  for (const node of lab.nodes) {
    const script =
      'nft list tables; tc qdisc show | grep tbf; ip -o link | grep "state DOWN"; ip -o addr show lo'
    const text = await runIn(node.netns, [
      'sh',
      '-c',
      `${script}; cat /proc/sys/net/ipv6/conf/all/forwarding`,
    ])
    const daemons = processes.get(node.netns)?.map(({ command, state }) => `${state} ${command}`) ?? []
    found.push(`${node.id}\n${text}${daemons.map((line) => line.replace(/^[RSD] /, '')).join('\n')}`)
  }
  return found
}

/** Injects a fault, looks at what it does, takes it back twice, and expects no trace of it. */
export async function strike(
  lab: Lab,
  id: string,
  target: FaultTarget,
  look: () => Promise<void>,
): Promise<void> {
  const clean = await traces(lab)
  const fault = await injectFault(lab, id, target)
  try {
    await look()
  } finally {
    await fault.revert()
    await fault.revert()
  }
  await delay(100)
  expect(await activeFaults(lab)).toEqual([])
  expect(await traces(lab)).toEqual(clean)
}

/** Until every daemon has heard the last three hellos of each of its neighbours: then it takes two more to lose one. */
export async function untilHeard(lab: Lab, signal: AbortSignal): Promise<void> {
  for (;;) {
    const dumps = await Promise.all(lab.nodes.map(({ socket }) => babelStatements(socket, ['dump'], signal)))
    const reaches = dumps
      .flat(2)
      .flatMap((line) => /^add neighbour .* reach ([0-9a-f]{4}) /.exec(line)?.[1] ?? [])
    if (reaches.every((reach) => Number.parseInt(reach, 16) >= 0xe000)) return
    await delay(200, undefined, { signal })
  }
}

/**
 * Until packets come back: the kernels know their neighbours then. Where a fault is there first, it eats the
 * solicitations as well, and what is seen for a second or three is not the fault's share of the packets.
 */
export async function untilAnswered(lab: Lab, from: string, to: string, signal: AbortSignal): Promise<void> {
  const prober = Prober.start(lab.node(from), lab.node(to), { intervalMs: 20 })
  try {
    await prober.waitSteady(5, signal)
  } finally {
    await prober.stop()
  }
}
