import { changeId, nodeId } from '../../../src/core/index.ts'
import { parseInventory } from '../../../src/mesh/drivers/babel/index.ts'
import { openProving } from '../proving.ts'

/** A coordinator that applies one change, says so to its parent, and is killed by it before it confirms. */
const { inventory, dir, confirmWithinMs } = JSON.parse(process.argv[2] ?? '')
const never = new AbortController().signal
const driver = await openProving({ dir, inventory: parseInventory(inventory, 'argument') })
const action = { kind: 'set-forwarding', node: nodeId('n1'), enabled: false } as const
const reason = 'incident-7: black hole at n1'
await driver.apply(action, { id: changeId('doomed'), confirmWithinMs, reason }, never)
process.send?.('applied')
setInterval(() => {}, 1000)
