import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { DrillAuthority } from '../../lab/drill/drill-authority.ts'
import { agentId, type ChangeId, RealClock } from '../../src/core/index.ts'
import { executorProgram } from '../../src/executor/index.ts'
import { BabelDriver, type GateAsk, type Inventory, type MeshDriver } from '../../src/mesh/index.ts'
import { createRootKey, EpochFile, readRootKey, type SwarmAuthority } from '../../src/security/index.ts'

const TESTER = agentId('tester')

/** The driver, with a proof on every call: as an agent that may do everything to its nodes. */
export function proving(driver: MeshDriver, authority: SwarmAuthority, onClose = async () => {}): MeshDriver {
  const proof = (ask: GateAsk) => authority.prover(TESTER, ask)
  const end = async (operation: 'confirm' | 'rollback', change: ChangeId, signal: AbortSignal) => {
    const known = (await driver.changes(signal)).find(({ id }) => id === change)
    return driver[operation](change, signal, known && proof({ operation, change, action: known.action }))
  }
  return {
    name: driver.name,
    source: driver.source,
    capabilities: () => driver.capabilities(),
    snapshot: (signal) => driver.snapshot(signal),
    watch: (signal) => driver.watch(signal),
    probe: (requests, signal) => driver.probe(requests, signal),
    inspect: (node, signal) => driver.inspect(node, signal),
    hasten: (nodes, forMs, signal) =>
      driver.hasten(nodes, forMs, signal, proof({ operation: 'hasten', nodes, forMs })),
    apply: (action, options, signal) => {
      const { id: change, confirmWithinMs, reason } = options
      const ask = { operation: 'apply', action, change, confirmWithinMs, reason } as const
      return driver.apply(action, options, signal, proof(ask))
    },
    confirm: (id, signal) => end('confirm', id, signal),
    rollback: (id, signal) => end('rollback', id, signal),
    changes: (signal) => driver.changes(signal),
    gate: (signal) => driver.gate(signal),
    tell: (statement, signal) => driver.tell(statement, signal),
    close: async () => {
      await driver.close()
      await onClose()
    },
  }
}

/** Where a mesh of a test keeps its sockets, its executor and whom it obeys. */
interface MeshPlace {
  readonly dir: string
  readonly inventory: Inventory
}

/** Opens a driver on real nodes, which are put under an authority that lies beside them. */
export async function openProving(
  { dir, inventory }: MeshPlace,
  signal = new AbortController().signal,
): Promise<MeshDriver> {
  const clock = new RealClock()
  const own = join(dir, 'authority')
  const root = existsSync(join(own, 'root.key')) ? readRootKey(own) : createRootKey(own)
  const drill = new DrillAuthority(clock, { root, store: new EpochFile(join(own, 'epoch.json')) })
  const nodes = join(dir, 'nodes')
  drill.enrol(nodes, inventory.nodes.length)
  const executor = executorProgram(nodes)
  const driver = await BabelDriver.open(
    { clock, executor },
    { inventory, stateDir: join(dir, 'executor') },
    signal,
  )
  const { authority } = await drill.command(driver, inventory.nodes.length, signal)
  return proving(driver, authority, () => drill.close())
}
