import { agentId, nodeId, type Random, RealClock, seededRandom } from '../../src/core/index.ts'
import {
  type ActionAsk,
  BiscuitEngine,
  type BiscuitEngineOptions,
  CapabilityManager,
  type KeyPair,
  keyPair,
} from '../../src/security/index.ts'

/** An authority with agents, as `heal` would have it: ten nodes and three actions for each of them. */
export interface Authority {
  readonly clock: RealClock
  readonly root: KeyPair
  readonly holder: KeyPair
  readonly engine: BiscuitEngine
}

/** A token, and something that it allows. */
export interface Question {
  readonly token: string
  readonly ask: ActionAsk
}

const NODES = 10
const HOUR_MS = 3_600_000

export function authority(seed: number, options: BiscuitEngineOptions = {}): Authority {
  const clock = new RealClock()
  const random = seededRandom(`authority ${seed}`)
  return {
    clock,
    root: pairOf(random),
    holder: pairOf(random),
    engine: new BiscuitEngine({ clock }, options),
  }
}

/** So many tokens with so many attenuations each. */
export async function questions(
  { clock, root, holder, engine }: Authority,
  count: number,
  attenuations: number,
  signal: AbortSignal,
): Promise<readonly Question[]> {
  const manager = new CapabilityManager({ engine, clock, root })
  const until = clock.now() + 10 * HOUR_MS
  const made: Question[] = []
  for (let index = 0; index < count; index++) {
    const nodes = Array.from({ length: NODES }, (_, place) => nodeId(`n${index * NODES + place}`))
    const [node] = nodes
    if (node === undefined) throw new Error('no nodes')
    let { token } = await manager.mint(
      {
        agent: agentId(`agent-${index}`),
        holder: holder.publicKey,
        epoch: 1,
        scope: {
          actions: ['probe', 'inspect', 'set-link-cost'],
          nodes,
          regions: [],
          until,
          maxTier: 1,
          perMinute: 60,
          blast: { nodes: 5, windowMs: 600_000 },
        },
      },
      signal,
    )
    for (let step = 0; step < attenuations; step++) {
      const restriction = { nodes: nodes.slice(0, NODES - 1 - step), until: until - (step + 1) * 60_000 }
      ;({ token } = await manager.attenuate(token, restriction, signal))
    }
    const params = { kind: 'set-link-cost', node, iface: 'wlan0', rxcost: 512, previous: 256 }
    made.push({ token, ask: { action: 'set-link-cost', node, regions: [], tier: 1, epoch: 1, params } })
  }
  return made
}

function pairOf(random: Random): KeyPair {
  return keyPair(Uint8Array.from({ length: 32 }, () => random.int(256)))
}
