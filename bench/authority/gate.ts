import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agentId, changeId, nodeId, RealClock, randomIds, seededRandom } from '../../src/core/index.ts'
import type { GateAsk, MeshAction } from '../../src/mesh/index.ts'
import {
  BiscuitEngine,
  CapabilityManager,
  EpochIssuer,
  enrol,
  keyPair,
  MemoryEpochStore,
  NodeAuthority,
  SwarmAuthority,
} from '../../src/security/index.ts'
import type { BenchOptions } from '../options.ts'
import type { Part } from '../part.ts'
import { goalOf, rowOf } from '../report.ts'

const METRIC = 'latency_ms'

/**
 * What the authority adds to a repair, by the clock on the wall: two agents change the two ends of a link at once, and
 * confirm it after. Each of the four calls has a token that is narrowed for it, is judged cold, asks the policy and is in
 * the nodes' audit log on the disk before it is let through. The two sides are two engines, as in two processes.
 */
export async function gatePart({ quick, seed }: BenchOptions, signal: AbortSignal): Promise<Part> {
  const clock = new RealClock()
  const ids = randomIds(seededRandom(`gate ${seed}`))
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-bench-gate-'))
  const root = keyPair()
  enrol(directory, root.publicKey, { nodes: 1000, blastRadius: 1000 })
  const nodes = await NodeAuthority.open({ clock, ids }, { directory, past: [] })
  const engine = new BiscuitEngine({ clock })
  try {
    await nodes.tell(
      await new EpochIssuer({ clock, root, store: new MemoryEpochStore() }).issue('running', 'bench'),
    )
    const manager = new CapabilityManager({ engine, clock, root })
    const authority = new SwarmAuthority(
      { clock, manager, ids },
      { nodes: 'all', blastRadius: 1000, perMinute: { swarm: 1_000_000, agent: 1_000_000 } },
    )
    const agents = [agentId('executor-1'), agentId('executor-2')] as const
    await authority.prepare(agents, nodes.state, signal)
    const took: Record<'prove' | 'admit', number[]> = { prove: [], admit: [] }
    const call = async (agent: (typeof agents)[number], ask: GateAsk) => {
      const began = performance.now()
      const proof = await authority.prover(agent, ask)(nodes.state, signal)
      const proven = performance.now()
      const admission = await nodes.admit(ask, proof, signal)
      took.prove.push(proven - began)
      took.admit.push(performance.now() - proven)
      admission.end()
    }
    const both = (make: (action: MeshAction, side: number) => GateAsk) =>
      Promise.all(agents.map((agent, side) => call(agent, make(endOf(side), side))))
    const repairs: number[] = []
    for (let index = 0; index < (quick ? 50 : 500); index++) {
      const change = (side: number) => changeId(`c${index}-${side}`)
      const began = performance.now()
      const about = { confirmWithinMs: 10_000, reason: 'bench' }
      await both((action, side) => ({ operation: 'apply', action, change: change(side), ...about }))
      await both((action, side) => ({ operation: 'confirm', action, change: change(side) }))
      repairs.push(performance.now() - began)
    }
    const row = (subject: string, values: readonly number[]) =>
      rowOf({ case: 'a repair of two ends', subject, metric: METRIC }, values)
    const whole = row('added to the repair', repairs)
    return {
      rows: [whole, row('each proof', took.prove), row('each admission', took.admit)],
      goals: [goalOf('added to a repair', '<=', 5, whole.median, 'ms')],
    }
  } finally {
    await engine.close()
    await nodes[Symbol.asyncDispose]()
    rmSync(directory, { recursive: true, force: true })
  }
}

function endOf(side: number): MeshAction {
  return { kind: 'set-link-cost', node: nodeId(`n${side}`), iface: 'wlan0', rxcost: 512, previous: 256 }
}
