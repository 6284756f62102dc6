import type { LabLink, LabPlan } from './plan.ts'
import { mapLimit } from './run.ts'
import { babelStatements } from './socket.ts'

/** Babel's infinity (RFC 8966, 3.5.2). */
const INFINITY = 65535
/** Daemons that are asked at a time. */
const AT_ONCE = 8

/** The links of the plan over which the daemons at their ends do not route: neither end may be missing. */
export async function unusedLinks(plan: LabPlan, signal: AbortSignal): Promise<readonly LabLink[]> {
  const used = await mapLimit(plan.nodes, AT_ONCE, async ({ id, socket }) => {
    const lines = await babelStatements(socket, ['dump'], signal).catch(() => {
      signal.throwIfAborted()
      return []
    })
    return lines
      .flat()
      .flatMap(usableInterface)
      .map((iface) => `${id}/${iface}`)
  })
  const ends = new Set(used.flat())
  return plan.links.filter(({ a, b }) => [a, b].some(({ node, iface }) => !ends.has(`${node}/${iface}`)))
}

/** The interface of a neighbour that packets can be sent to; every interface of a lab has one neighbour. */
function usableInterface(line: string): string[] {
  const found = /^add neighbour .* if (?<iface>\S+) .* cost (?<cost>\d+)$/.exec(line)?.groups
  return found?.iface !== undefined && Number(found.cost) < INFINITY ? [found.iface] : []
}
