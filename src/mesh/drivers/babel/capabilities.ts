import type { ActionKind } from '../../action.ts'
import type { Inventory } from './inventory.ts'

const BY_SOCKET: readonly ActionKind[] = ['set-link-cost', 'drop-interface', 'add-interface', 'renew-routes']
const BY_ROOT: readonly ActionKind[] = [
  'resume-daemon',
  'set-interface-up',
  'set-interface-mtu',
  'set-forwarding',
  'withdraw-prefix',
  'announce-prefix',
]

/** What can be done on at least one node: by its socket, as root on this machine, with a command to start it. */
export function capabilitiesOf(inventory: Inventory): ReadonlySet<ActionKind> {
  const local = inventory.nodes.filter((node) => node.socket !== undefined)
  if (local.length === 0) return new Set()
  const root = process.getuid?.() === 0
  const restart: readonly ActionKind[] = local.some((node) => node.daemon) ? ['restart-daemon'] : []
  return new Set([...BY_SOCKET, ...(root ? BY_ROOT : []), ...(root ? restart : [])])
}
