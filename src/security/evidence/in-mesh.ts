import { err, type MeshSwarmError, meshSwarmError, ok, type Result } from '../../core/index.ts'
import type { MeshAction, MeshInterface, MeshSnapshot, Observation } from '../../mesh/index.ts'

/**
 * The action, where its node and interface are in the snapshot, and where what undoing it would restore is what the
 * snapshot says: otherwise a text could have a cost set by its undo. What is unknown is not true. No error repeats
 * anything of the action.
 */
export function inMesh(action: MeshAction, { nodes }: MeshSnapshot): Result<MeshAction> {
  const node = nodes.get(action.node)
  if (!node) return err(meshSwarmError('NODE_NOT_FOUND', 'The text names a node that is not in the mesh.'))
  if (!('iface' in action)) return ok(action)
  const found = node.interfaces.find(({ name }) => name === action.iface)
  if (!found) return err(invalid('names an interface that its node does not have'))
  if (isRestored(action, found)) return ok(action)
  return err(invalid('says of the present state what the mesh does not say'))
}

function isRestored(action: Extract<MeshAction, { iface: string }>, iface: MeshInterface): boolean {
  switch (action.kind) {
    case 'set-link-cost':
      return is(iface.rxcost, action.previous)
    case 'drop-interface':
      return is(iface.rxcost, action.rxcost)
    case 'set-interface-mtu':
      return is(iface.mtu, action.previous)
    case 'add-interface':
    case 'set-interface-up':
      return true
  }
}

function is(observed: Observation<number>, value: number): boolean {
  return observed.known && observed.value === value
}

function invalid(what: string): MeshSwarmError {
  return meshSwarmError('INVALID_ACTION', `The text ${what}.`)
}
