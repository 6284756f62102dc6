import { agentId } from '../../src/core/index.ts'
import type { Workforce } from '../../src/mapek/ports.ts'

/** One agent that takes all items of a fan-out at the same time; what fails rejects the whole. */
export const oneAgent: Workforce = {
  size: 1,
  fanOut: async (_role, items, work, signal) =>
    Promise.all(
      items.map(async (item) => ({
        ok: true as const,
        value: await work({ agentId: agentId('agent-1') }, item, signal),
      })),
    ),
}
