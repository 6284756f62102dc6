import type { PublicKey } from '../keys.ts'
import { readBlock } from './block.ts'
import type { Ancestor, Capability } from './engine.ts'
import { narrowed, type Scope } from './scope.ts'

export interface SignedBlock {
  readonly source: string
  readonly revocationId: string
}

/** `from` must have signed a block that says so. */
export interface Handover {
  readonly from: PublicKey
  readonly to: PublicKey
}

export interface Chain {
  readonly capability: Capability
  readonly handovers: readonly Handover[]
}

/**
 * The blocks of a token, outermost first, as one capability. Undefined where they are not ours. No key holds a chain
 * twice: with that, a set of signed handovers has one order only.
 */
export function readChain([first, ...rest]: readonly SignedBlock[]): Chain | undefined {
  if (!first) return undefined
  const { agent, holder, epoch, handover, to: name, approval, restriction } = readBlock(first.source) ?? {}
  if (agent === undefined || holder === undefined || epoch === undefined) return undefined
  if ([handover, name, approval].some((part) => part !== undefined) || !isScope(restriction)) return undefined
  const root: Ancestor = {
    id: first.revocationId,
    agent,
    holder,
    scope: { ...restriction, regions: restriction.regions ?? [] },
  }
  const lineage: [Ancestor, ...Ancestor[]] = [root]
  const handovers: Handover[] = []
  let last = root
  for (const { source, revocationId: id } of rest) {
    const block = readBlock(source)
    if (!block || block.agent !== undefined || block.holder !== undefined || block.epoch !== undefined)
      return undefined
    const { handover: to = last.holder, to: name = last.agent } = block
    if (block.handover !== undefined) {
      if (lineage.some((one) => one.holder === to)) return undefined
      handovers.push({ from: last.holder, to })
    } else if (block.to !== undefined) return undefined
    last = { id, agent: name, holder: to, scope: narrowed(last.scope, block.restriction) }
    lineage.push(last)
  }
  return { capability: { agent: last.agent, epoch, lineage }, handovers }
}

function isScope(
  restriction: Partial<Scope> | undefined,
): restriction is Omit<Scope, 'regions'> & Partial<Scope> {
  if (!restriction) return false
  const { actions, nodes, until, maxTier, perMinute, blast } = restriction
  return [actions, nodes, until, maxTier, perMinute, blast].every((part) => part !== undefined)
}
