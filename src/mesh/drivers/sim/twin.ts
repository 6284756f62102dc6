import type { Random } from '../../../core/index.ts'
import type { MeshSnapshot } from '../../model.ts'
import { valueOr } from '../../observation.ts'
import type { TwinBelief } from './belief.ts'
import { SimMesh } from './mesh.ts'
import type { ProfileName, SimProfile } from './profile.ts'
import { TwinBase, TwinModel, topologyOf } from './twin-model.ts'

export interface TwinOptions {
  readonly random: Random
  readonly profile?: ProfileName | SimProfile
  readonly beliefs?: readonly TwinBelief[]
}

/** Frames above this vanish where only large packets are believed to suffer. */
const LARGE_BYTES = 1300

/**
 * A simulated mesh that looks like the snapshot and is broken as believed, already converged: for rehearsing
 * what `SimTwin` only estimates. Its clock starts at the snapshot's time. Routing has found its best paths over
 * the links that the snapshot shows up; what the beliefs break, it has not noticed yet.
 */
export function twinOf(snapshot: MeshSnapshot, options: TwinOptions): SimMesh {
  const { random, profile = 'default', beliefs = [] } = options
  const topology = topologyOf(snapshot)
  const label = `twin of ${snapshot.label ?? 'a mesh'}`
  const startAt = snapshot.takenAt
  const mesh = new SimMesh({ random }, { topology, profile, label, startAt, asleep: true })
  const base = new TwinBase(snapshot)
  for (let slot = 0; slot < base.cost.length; slot++) {
    const back = base.wiring.rev[slot] as number
    // The cost to send is what the other end announces.
    mesh.state.rxcost[back] = base.cost[slot] as number
    mesh.world.mtu[slot] = base.mtu[slot] as number
    mesh.world.ifaceUp[slot] = base.ifaceUp[slot] as number
    if (base.up[slot] === 0 && base.ifaceUp[slot] === 1 && base.ifaceUp[back] === 1)
      mesh.world.setCut(slot, true)
  }
  const dead = new Set<number>()
  for (const [index, node] of [...snapshot.nodes.values()].entries()) {
    if (valueOr(node.daemon, 'running') === 'dead') dead.add(index)
  }
  mesh.converge(dead)
  breakAsBelieved(mesh, new TwinModel(base, beliefs), beliefs)
  return mesh
}

function breakAsBelieved(mesh: SimMesh, model: TwinModel, beliefs: readonly TwinBelief[]): void {
  for (let slot = 0; slot < model.loss.length; slot++) {
    mesh.world.setLoss(slot, model.loss[slot] as number)
    if ((model.largeLoss[slot] as number) > 0) mesh.world.setMaxBytes(slot, LARGE_BYTES)
    if (model.ifaceUp[slot] === 0) mesh.world.setInterfaceUp(slot, false)
  }
  for (const belief of beliefs) {
    if (belief.kind === 'link-loss') continue
    const node = mesh.node(belief.node)
    if (belief.kind === 'forwards') {
      if (belief.switchedOff) mesh.world.setForwarding(node, false)
      else mesh.world.setForwardRatio(node, belief.share)
    } else if (belief.kind === 'announces') {
      const prefix = `${mesh.address(mesh.node(belief.victim))}/128`
      mesh.setAnswers(node, prefix, true)
      mesh.announce(node, prefix)
    } else if (belief.kind === 'daemon') {
      if (belief.state === 'dead') mesh.killDaemon(node)
      else mesh.suspendDaemon(node)
    }
  }
}
