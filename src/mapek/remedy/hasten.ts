import type { AgentId } from '../../core/index.ts'
import type { MeshSnapshot } from '../../mesh/index.ts'
import type { Controller } from '../ports.ts'

/** Makes every daemon that is ours hurry for `forMs`, as `MeshDriver.hasten`. Resolves with the number of nodes. */
export async function hastenAll(
  controller: Controller,
  agent: AgentId,
  { nodes }: MeshSnapshot,
  forMs: number,
  signal: AbortSignal,
): Promise<number> {
  const managed = [...nodes.values()].filter((node) => node.managed).map(({ id }) => id)
  await controller.hasten(agent, managed, forMs, signal)
  return managed.length
}
