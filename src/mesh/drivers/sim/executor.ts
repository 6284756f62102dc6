import { type ChangeId, meshSwarmError } from '../../../core/index.ts'
import type { MeshAction } from '../../action.ts'
import type { AppliedChange, ApplyOptions, ChangeState } from '../../driver.ts'
import type { BookEntry, SimMesh } from './mesh.ts'
import { RUNNING, STOPPED } from './state.ts'

const MAX_COST = 65534
const MIN_MTU = 1280

/**
 * The executors on the nodes: they change what an action names, write it into the mesh's books, and undo it at
 * its deadline by themselves, whether or not anybody still asks.
 */
export class SimExecutor {
  readonly #mesh: SimMesh

  constructor(mesh: SimMesh) {
    this.#mesh = mesh
  }

  /** Applies, or returns the first change of the same id. Throws and has changed nothing when it cannot. */
  apply(action: MeshAction, options: ApplyOptions): AppliedChange {
    const mesh = this.#mesh
    const known = mesh.books.get(options.id)
    if (known !== undefined) return known.change
    if (!(options.confirmWithinMs > 0)) {
      throw meshSwarmError('INVALID_INPUT', 'A change needs a time to be confirmed in, above 0 ms.')
    }
    const undo = perform(mesh, action)
    const appliedAt = mesh.now()
    const { id, confirmWithinMs, reason } = options
    const confirmBy = appliedAt + confirmWithinMs
    const change = Object.freeze({ id, action, state: 'pending', appliedAt, confirmBy, reason } as const)
    const entry: BookEntry = { change, undo, cancelTimer: () => {} }
    if (Number.isFinite(confirmWithinMs)) {
      entry.cancelTimer = mesh.after(confirmWithinMs, () => takeBack(entry))
    }
    mesh.books.set(id, entry)
    return change
  }

  /** Throws CHANGE_NOT_FOUND. */
  actionOf(id: ChangeId): MeshAction {
    return this.#entry(id).change.action
  }

  /** Keeps the change. Throws CHANGE_NOT_FOUND, or CONFLICT where it was rolled back. */
  confirm(id: ChangeId): AppliedChange {
    const entry = this.#entry(id)
    if (entry.change.state === 'pending') {
      entry.cancelTimer()
      note(entry, 'confirmed')
    } else if (entry.change.state !== 'confirmed') {
      throw meshSwarmError('CONFLICT', `The change ${id} is ${entry.change.state} and cannot be confirmed.`)
    }
    return entry.change
  }

  /** Undoes the change, confirmed or not. Throws CHANGE_NOT_FOUND. */
  rollback(id: ChangeId): AppliedChange {
    const entry = this.#entry(id)
    if (entry.change.state === 'pending' || entry.change.state === 'confirmed') takeBack(entry)
    return entry.change
  }

  #entry(id: ChangeId): BookEntry {
    const entry = this.#mesh.books.get(id)
    if (entry === undefined) throw meshSwarmError('CHANGE_NOT_FOUND', `No node knows a change ${id}.`)
    return entry
  }
}

function takeBack(entry: BookEntry): void {
  entry.cancelTimer()
  try {
    entry.undo()
    note(entry, 'rolled-back')
  } catch {
    note(entry, 'rollback-failed')
  }
}

function note(entry: BookEntry, state: ChangeState): void {
  entry.change = Object.freeze({ ...entry.change, state })
}

/** Makes the change and returns what takes it back: for a started daemon, nothing. */
function perform(mesh: SimMesh, action: MeshAction): () => void {
  const node = mesh.node(action.node)
  const { state, world } = mesh
  switch (action.kind) {
    case 'restart-daemon':
      mesh.restartDaemon(node, action.rxcost === undefined ? undefined : checkCost(action.rxcost))
      return action.rxcost === undefined ? () => {} : () => mesh.restartDaemon(node)
    case 'resume-daemon':
      if (state.daemon[node] !== RUNNING && state.daemon[node] !== STOPPED) {
        throw meshSwarmError('DAEMON_UNAVAILABLE', `No daemon to resume on ${action.node}: restart it.`)
      }
      if (state.daemon[node] === STOPPED) mesh.resumeDaemon(node)
      return () => {}
    case 'renew-routes':
      mesh.renewRoutes(node)
      return () => {}
    case 'set-link-cost':
    case 'add-interface': {
      const slot = mesh.slot(action.node, action.iface)
      const [wasRouted, cost] = [state.routed[slot] === 1, state.rxcost[slot] as number]
      setRouting(mesh, slot, checkCost(action.rxcost))
      return () => setRouting(mesh, slot, wasRouted ? cost : undefined)
    }
    case 'drop-interface': {
      const slot = mesh.slot(action.node, action.iface)
      const before = state.routed[slot] === 1 ? (state.rxcost[slot] as number) : undefined
      setRouting(mesh, slot, undefined)
      return () => setRouting(mesh, slot, before)
    }
    case 'set-interface-up': {
      const slot = mesh.slot(action.node, action.iface)
      const before = world.ifaceUp[slot] === 1
      world.setInterfaceUp(slot, action.up)
      return () => world.setInterfaceUp(slot, before)
    }
    case 'set-interface-mtu': {
      const slot = mesh.slot(action.node, action.iface)
      const before = world.mtu[slot] as number
      world.setMtu(slot, checkMtu(action.mtu))
      return () => world.setMtu(slot, before)
    }
    case 'set-forwarding': {
      const before = world.forwarding[node] === 1
      world.setForwarding(node, action.enabled)
      return () => world.setForwarding(node, before)
    }
    case 'withdraw-prefix':
    case 'announce-prefix': {
      needDaemon(mesh, node)
      const { prefix } = action
      const before = mesh.prefixesOf(node).includes(prefix)
      setAnnounced(mesh, node, prefix, action.kind === 'announce-prefix')
      return () => setAnnounced(mesh, node, prefix, before)
    }
  }
}

function setRouting(mesh: SimMesh, slot: number, rxcost: number | undefined): void {
  needDaemon(mesh, mesh.wiring.owner[slot] as number)
  if (rxcost === undefined) mesh.dropInterface(slot)
  else mesh.addInterface(slot, rxcost)
}

function setAnnounced(mesh: SimMesh, node: number, prefix: string, isAnnounced: boolean): void {
  if (isAnnounced) mesh.announce(node, prefix)
  else mesh.withdraw(node, prefix)
}

function needDaemon(mesh: SimMesh, node: number): void {
  if (mesh.state.daemon[node] === RUNNING) return
  const id = mesh.wiring.nodeIds[node]
  throw meshSwarmError('DAEMON_UNAVAILABLE', `The routing daemon on ${id} does not answer.`)
}

function checkCost(rxcost: number): number {
  if (Number.isInteger(rxcost) && rxcost >= 1 && rxcost <= MAX_COST) return rxcost
  throw meshSwarmError('INVALID_ACTION', `A receive cost is whole, from 1 to ${MAX_COST}, not ${rxcost}.`)
}

function checkMtu(mtu: number): number {
  if (Number.isInteger(mtu) && mtu >= MIN_MTU && mtu <= 65535) return mtu
  throw meshSwarmError('INVALID_ACTION', `An MTU is whole, from ${MIN_MTU} to 65535, not ${mtu}.`)
}
