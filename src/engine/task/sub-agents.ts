import { hasCode, meshSwarmError, type SwarmId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { GraphReport } from '../graph-report.ts'
import { attach, detach } from './blob-ref.ts'
import { type Amounts, amountsOf, budgetExceeded, RESOURCES } from './budget.ts'
import { cancelSubTasks } from './cancel-task.ts'
import { type DoTaskComponents, doTask } from './do-task.ts'
import { readTask } from './read-task.ts'
import { withGiven } from './references.ts'
import type { StepPool } from './step-worker-options.ts'
import { subTask } from './sub-task.ts'
import { MOST_DEPTH, SUB_AGENTS, sliceFor, subTaskOf, type TaskInput } from './task-spec.ts'
import type { TaskReport } from './task-state.ts'
import type { Tool, ToolCall } from './tool.ts'

export interface SubAgentComponents extends Omit<DoTaskComponents, 'pool' | 'tools'> {
  /** Throws INSUFFICIENT_RESOURCES where there are too many agents. */
  hire(task: SwarmId, count: number): Hired
}

export interface Hired {
  readonly pool: StepPool
  /** Resolves when none is at work any more. A second call does nothing. */
  dismiss(): Promise<void>
}

/** Where references and what is given may stand. What is in a `task` is for those further down. */
const OPEN_TO_GIVEN = ['input', 'map', 'when'] as const

/**
 * The tools, and one more: `agent` has a task of its own done by sub-agents, with a slice of the step's budget and no
 * tool that its agents do not have. The task is durable like any other, goes on where it was when the step is done
 * again, and ends with the step, however that ends.
 */
export function withSubAgents(
  components: SubAgentComponents,
  tools: ReadonlyMap<string, Tool>,
): ReadonlyMap<string, Tool> {
  return withAgentTool(components, tools, 1)
}

function withAgentTool(
  components: SubAgentComponents,
  tools: ReadonlyMap<string, Tool>,
  depth: number,
): ReadonlyMap<string, Tool> {
  const tool: Tool = {
    name: SUB_AGENTS,
    idempotent: true,
    resumes: true,
    run: async (call, signal) => {
      if (depth > MOST_DEPTH) throw budgetExceeded('depth', MOST_DEPTH, MOST_DEPTH, 1)
      const { agents, tools: names, ...task } = subTaskOf(call.task, call.step)
      const handed = handOn(components, tools, names, depth)
      const budget = sliceFor(agents, call.budget, task.budget)
      const steps = task.steps.map((step) => give(step, call.input))
      // Whatever it is, `submit` checks it.
      const spec = { ...task, budget, steps } as unknown as TaskInput
      return delegate(components, call, { agents, task: spec, tools: handed }, signal)
    },
  }
  return new Map([...tools, [SUB_AGENTS, tool]])
}

/** Authority is handed on, never made: sub-agents of sub-agents get no more than these have. */
function handOn(
  components: SubAgentComponents,
  own: ReadonlyMap<string, Tool>,
  names: readonly string[] | undefined,
  depth: number,
): ReadonlyMap<string, Tool> {
  if (!names) return withAgentTool(components, own, depth + 1)
  const handed = new Map<string, Tool>()
  for (const name of names) {
    const tool = own.get(name)
    if (tool) handed.set(name, tool)
    else if (name !== SUB_AGENTS)
      throw meshSwarmError('INVALID_INPUT', `Nobody here has the tool ${name} to hand it on.`)
  }
  return names.includes(SUB_AGENTS) ? withAgentTool(components, handed, depth + 1) : handed
}

function give(step: Readonly<Record<string, unknown>>, given: Json): Readonly<Record<string, unknown>> {
  const open = OPEN_TO_GIVEN.filter((key) => step[key] !== undefined)
  return { ...step, ...Object.fromEntries(open.map((key) => [key, withGiven(step[key] as Json, given)])) }
}

async function delegate(
  components: SubAgentComponents,
  call: ToolCall,
  { agents, task, tools }: { agents: number; task: TaskInput; tools: ReadonlyMap<string, Tool> },
  signal: AbortSignal,
) {
  const child = subTask(call.swarm, call.step)
  // All of it is spent until it is known what was not: whatever cuts this off, nothing is given out twice. An attempt
  // before this one may have spent any of it.
  const first = call.attempt === 1
  if (!first) call.spend(call.budget)
  await submitOnce(components, child, task, call)
  const hired = components.hire(child, agents)
  if (first) call.spend(call.budget)
  let report: TaskReport
  try {
    const options = { workers: agents, onResult: () => call.alive() }
    report = await doTask({ ...components, tools, pool: hired.pool }, child, options, signal)
  } finally {
    await hired.dismiss()
  }
  const { spent, values } = report
  call.refund(unspent(call.budget, { ...spent, agents: agents + (spent.agents ?? 0) }))
  if (report.outcome !== 'succeeded') throw failed(child, report)
  return attach(components.backend.blobs, child, detach(values))
}

/** Once, whoever does the step for the how manyth time. Rejects CANCELLED where its task has ended in the meantime. */
async function submitOnce(
  components: SubAgentComponents,
  child: SwarmId,
  task: TaskInput,
  { swarm, step }: ToolCall,
): Promise<void> {
  const { runner, backend } = components
  try {
    await runner.submit(child, task, { swarm, step })
  } catch (error) {
    const known = hasCode(error, 'CONFLICT') && (await readTask(backend, child, 'no results')).state.parent
    if (!known) throw error
  }
  const { state } = await readTask(backend, swarm, 'no results')
  if (!state.finished) return
  await cancelSubTasks(components, swarm, 'its task has ended', step)
  throw meshSwarmError('CANCELLED', `The task ${swarm} has ended.`)
}

function unspent(budget: Amounts, spent: Amounts): Amounts {
  const [most, used] = [amountsOf(budget), amountsOf(spent)]
  return Object.fromEntries(
    RESOURCES.map((resource) => [resource, Math.max(0, most[resource] - used[resource])]),
  )
}

function failed(child: SwarmId, { outcome, results }: GraphReport): Error {
  const words = [...results].flatMap(([step, result]) =>
    result.state === 'failed' ? [`${step} failed, ${result.error.code}: ${result.error.message}`] : [],
  )
  const text = `The sub-agents' task ${child} ended as ${outcome}${words.length > 0 ? `: ${words.slice(0, 3).join('; ')}` : '.'}`
  return meshSwarmError('TASK_FAILED', text, { details: { task: child, outcome } })
}
