import { z } from 'zod'
import { type Clock, meshSwarmError } from '../../core/index.ts'
import type { Tool } from '../task/tool.ts'
import { commandTool } from './command.ts'

/** Gives its input: collects what other steps have given. */
const VALUE: Tool = { name: 'value', idempotent: true, run: ({ input }) => input }

/** Waits for so many milliseconds. */
function waitTool({ clock }: { readonly clock: Clock }): Tool {
  const Input = z.strictObject({ ms: z.number().min(0).max(86_400_000) })
  return {
    name: 'wait',
    idempotent: true,
    async run({ step, input }, signal) {
      const { success, data } = Input.safeParse(input)
      if (!success) throw meshSwarmError('INVALID_INPUT', `The input of ${step} is {"ms": 0 to 86400000}.`)
      await clock.sleep(data.ms, signal)
      return null
    },
  }
}

/** The tools that need nothing but this machine: `value`, `wait`, `command`. */
export function machineTools(components: { readonly clock: Clock }): ReadonlyMap<string, Tool> {
  const tools = [VALUE, waitTool(components), commandTool(components)]
  return new Map(tools.map((tool) => [tool.name, tool]))
}
