import { meshSwarmError, type NodeId } from '../../src/core/index.ts'
import type { SimMesh } from '../../src/mesh/index.ts'
import { CATALOGUE, type FaultTarget } from '../faults/index.ts'

const FLAP_MS = 3000
const SMALL_LINK_KBIT = 64
/** nft drops by length of the IP packet: `ip6 length` does not count its own header. */
const MAX_PACKET = 1300
const HIGH_COST = 5000

type Undo = () => void
type Strike<K extends FaultTarget['kind']> = (
  mesh: SimMesh,
  target: Extract<FaultTarget, { kind: K }>,
) => Undo

const LINK: Readonly<Record<string, Strike<'link'>>> = {
  'interface-down': (mesh, target) => setDown(mesh, slotBetween(mesh, target.from, target.to)),
  'silent-cut': (mesh, target) => cut(mesh, bothWays(mesh, target)),
  'one-way-cut': (mesh, target) => cut(mesh, [slotBetween(mesh, target.from, target.to)]),
  'loss-20': (mesh, target) => lose(mesh, bothWays(mesh, target), 0.2),
  'loss-50': (mesh, target) => lose(mesh, bothWays(mesh, target), 0.5),
  'loss-20-one-way': (mesh, target) => lose(mesh, [slotBetween(mesh, target.from, target.to)], 0.2),
  'loss-50-one-way': (mesh, target) => lose(mesh, [slotBetween(mesh, target.from, target.to)], 0.5),
  'congested-link': (mesh, target) =>
    each(bothWays(mesh, target), (slot) => {
      mesh.world.setRate(slot, SMALL_LINK_KBIT)
      return () => mesh.world.setRate(slot, undefined)
    }),
  'mtu-black-hole': (mesh, target) =>
    each(bothWays(mesh, target), (slot) => {
      mesh.world.setMaxBytes(slot, MAX_PACKET)
      return () => mesh.world.setMaxBytes(slot, undefined)
    }),
  flapping: (mesh, target) => {
    const slot = slotBetween(mesh, target.from, target.to)
    return flap(mesh, (broken) => mesh.world.setInterfaceUp(slot, !broken))
  },
  'silent-flapping': (mesh, target) => {
    const slots = bothWays(mesh, target)
    return flap(mesh, (broken) => {
      for (const slot of slots) mesh.world.setCut(slot, broken)
    })
  },
  'wrong-metric': (mesh, target) => {
    const slot = slotBetween(mesh, target.from, target.to)
    const before = mesh.state.rxcost[slot] as number
    mesh.addInterface(slot, HIGH_COST)
    return () => {
      // What somebody has put right or restarted since is left as it is.
      if (mesh.state.rxcost[slot] === HIGH_COST) mesh.addInterface(slot, before)
    }
  },
}

const NODE: Readonly<Record<string, Strike<'node'>>> = {
  'black-hole': (mesh, { node }) => forwardOnly(mesh, mesh.node(node), 0),
  'grey-forwarding': (mesh, { node }) => forwardOnly(mesh, mesh.node(node), 0.7),
  'forwarding-off': (mesh, { node }) => {
    mesh.world.setForwarding(mesh.node(node), false)
    return () => mesh.world.setForwarding(mesh.node(node), true)
  },
  'frozen-node': (mesh, { node }) => {
    mesh.world.setFrozen(mesh.node(node), true)
    return () => mesh.world.setFrozen(mesh.node(node), false)
  },
  'daemon-killed': (mesh, { node }) => {
    const index = mesh.node(node)
    mesh.killDaemon(index)
    return () => {
      if (mesh.state.daemon[index] === 0) mesh.restartDaemon(index)
    }
  },
  'daemon-stopped': (mesh, { node }) => {
    mesh.suspendDaemon(mesh.node(node))
    return () => mesh.resumeDaemon(mesh.node(node))
  },
}

const OTHER = {
  prefix: {
    'route-hijack': (mesh, { victim, by }) => {
      const prefix = `${mesh.address(mesh.node(victim))}/128`
      const node = mesh.node(by)
      mesh.setAnswers(node, prefix, true)
      mesh.announce(node, prefix)
      return () => {
        mesh.setAnswers(node, prefix, false)
        mesh.withdraw(node, prefix)
      }
    },
  } as Readonly<Record<string, Strike<'prefix'>>>,
  cut: {
    partition: (mesh, { side }) => {
      const inside = new Set(side.map((id) => mesh.node(id)))
      const { owner, peer } = mesh.wiring
      const across = [...owner.keys()].filter(
        (slot) => inside.has(owner[slot] as number) !== inside.has(peer[slot] as number),
      )
      return cut(mesh, across)
    },
  } as Readonly<Record<string, Strike<'cut'>>>,
}

/** Faults of the catalogue that the simulated world can show: all of them. */
export const SIM_FAULTS: readonly string[] = CATALOGUE.map((kind) => kind.id)

/**
 * Lets a fault of the catalogue strike the simulated world. The function returned takes it back; a second call
 * does nothing. Throws INVALID_INPUT where fault and target do not fit.
 */
export function strike(mesh: SimMesh, fault: string, target: FaultTarget): Undo {
  const undo = begin(mesh, fault, target)
  let undone = false
  return () => {
    if (!undone) undo()
    undone = true
  }
}

function begin(mesh: SimMesh, fault: string, target: FaultTarget): Undo {
  if (target.kind === 'link' && LINK[fault]) return LINK[fault](mesh, target)
  if (target.kind === 'node' && NODE[fault]) return NODE[fault](mesh, target)
  if (target.kind === 'prefix' && OTHER.prefix[fault]) return OTHER.prefix[fault](mesh, target)
  if (target.kind === 'cut' && OTHER.cut[fault]) return OTHER.cut[fault](mesh, target)
  throw meshSwarmError('INVALID_INPUT', `There is no fault ${fault} for a ${target.kind}.`)
}

/** The sending slot of `from` towards `to`. Throws INVALID_INPUT where they are no neighbours. */
function slotBetween(mesh: SimMesh, from: string, to: string): number {
  const [u, v] = [mesh.node(from as NodeId), mesh.node(to as NodeId)]
  const last = mesh.wiring.first[u + 1] as number
  for (let slot = mesh.wiring.first[u] as number; slot < last; slot++) {
    if (mesh.wiring.peer[slot] === v) return slot
  }
  throw meshSwarmError('INVALID_INPUT', `There is no link between ${from} and ${to}.`)
}

function bothWays(mesh: SimMesh, target: { from: string; to: string }): number[] {
  const slot = slotBetween(mesh, target.from, target.to)
  return [slot, mesh.wiring.rev[slot] as number]
}

function each(slots: readonly number[], act: (slot: number) => Undo): Undo {
  const undos = slots.map(act)
  return () => {
    for (const undo of undos) undo()
  }
}

function cut(mesh: SimMesh, slots: readonly number[]): Undo {
  return each(slots, (slot) => {
    mesh.world.setCut(slot, true)
    return () => mesh.world.setCut(slot, false)
  })
}

function lose(mesh: SimMesh, slots: readonly number[], probability: number): Undo {
  return each(slots, (slot) => {
    mesh.world.setLoss(slot, probability)
    return () => mesh.world.setLoss(slot, 0)
  })
}

function setDown(mesh: SimMesh, slot: number): Undo {
  mesh.world.setInterfaceUp(slot, false)
  return () => mesh.world.setInterfaceUp(slot, true)
}

function forwardOnly(mesh: SimMesh, node: number, share: number): Undo {
  mesh.world.setForwardRatio(node, share)
  return () => mesh.world.setForwardRatio(node, 1)
}

/** Three seconds broken, three seconds whole, beginning with broken. */
function flap(mesh: SimMesh, set: (broken: boolean) => void): Undo {
  let broken = false
  let cancel: Undo = () => {}
  const next = () => {
    broken = !broken
    set(broken)
    cancel = mesh.after(FLAP_MS, next)
  }
  next()
  return () => {
    cancel()
    set(false)
  }
}
