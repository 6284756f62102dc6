import type { Clock, IdSource } from '../../core/index.ts'
import { nodeDirectory } from '../../executor/index.ts'
import type { Inventory, MeshDriver } from '../../mesh/index.ts'
import { type Command, enrol, takeCommand } from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { printable } from '../text.ts'
import { epochIssuer, rootOf } from './root.ts'

interface Components {
  readonly driver: MeshDriver
  readonly clock: Clock
  readonly ids: IdSource
  readonly inventory: Inventory
}

interface Flags {
  readonly authority: string
  readonly blastRadius?: number
}

/**
 * The swarm's authority over the nodes of the inventory. A root that is missing is made, and nodes that are under none yet
 * are put under it: whoever comes first on a fresh machine. Rejects CONFLICT where they are under another one.
 */
export async function commandNodes(
  { driver, clock, ids, inventory }: Components,
  { authority: directory, blastRadius }: Flags,
  context: CliContext,
): Promise<Command> {
  const { stderr, signal } = context
  const root = rootOf(directory, context, { make: true })
  const nodes = inventory.nodes.filter(({ socket }) => socket !== undefined).length
  const settings = { nodes: Math.max(1, nodes), ...(blastRadius === undefined ? {} : { blastRadius }) }
  if (enrol(nodeDirectory(inventory), root.publicKey, settings))
    stderr.write(`these nodes obey the authority in ${printable(directory)} from now on: ${root.publicKey}\n`)
  const epochs = epochIssuer(directory, root, clock)
  const command = await takeCommand(
    { driver, clock, ids, root, epochs },
    { nodes: 'all', blastRadius: blastRadius ?? Math.max(6, Math.floor(nodes / 20)) },
    signal,
  )
  const gate = await driver.gate(signal)
  if (gate?.closed !== undefined)
    stderr.write(
      `nothing will be changed, the nodes' gate is closed (${gate.closed}): see meshswarm resume\n`,
    )
  return command
}
