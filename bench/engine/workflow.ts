import { z } from 'zod'
import { type StepId, stepId } from '../../src/core/index.ts'
import { stepGraph } from '../../src/engine/index.ts'

/** A step that takes so long, whoever does it. */
export interface TimedStep {
  readonly id: StepId
  readonly after: readonly StepId[]
  readonly ms: number
}

const Workflow = z.object({
  workflow: z.object({
    specification: z.object({
      tasks: z.array(z.object({ id: z.string(), parents: z.array(z.string()) })),
    }),
    execution: z.object({
      tasks: z.array(z.object({ id: z.string(), runtimeInSeconds: z.number().min(0) })),
    }),
  }),
})

/**
 * The tasks of a trace in WfFormat 1.5, with the times that they took, in topological order. Throws for what is no such
 * trace, for a task whose time is unknown, where nothing took any time, and like `stepGraph`.
 */
export function readWorkflow(value: unknown): readonly TimedStep[] {
  const { success, data, error } = Workflow.safeParse(value)
  if (!success) throw new Error(`This is no trace in WfFormat 1.5: ${z.prettifyError(error)}`)
  const { specification, execution } = data.workflow
  const seconds = new Map(execution.tasks.map(({ id, runtimeInSeconds }) => [id, runtimeInSeconds]))
  const steps = specification.tasks.map(({ id, parents }): TimedStep => {
    const took = seconds.get(id)
    if (took === undefined) throw new Error(`Nobody knows how long ${id} took.`)
    return { id: stepId(id), after: parents.map(stepId), ms: took * 1000 }
  })
  if (workMs(steps) === 0) throw new Error('All of it took no time.')
  const byId = new Map(steps.map((step) => [step.id, step]))
  const graph = stepGraph(steps.map(({ id, after }) => ({ id, after, tool: 'wait', run: () => null })))
  return graph.steps.flatMap(({ id }) => byId.get(id) ?? [])
}

/** No order of the steps, however clever, is done earlier: max(critical path, work / agents). */
export function boundMs(steps: readonly TimedStep[], agents: number): number {
  const ends = new Map<StepId, number>()
  for (const { id, after, ms } of steps)
    ends.set(id, ms + Math.max(0, ...after.map((before) => ends.get(before) ?? 0)))
  return Math.max(...ends.values(), workMs(steps) / agents)
}

/** What one agent would need. */
export function workMs(steps: readonly TimedStep[]): number {
  return steps.reduce((sum, { ms }) => sum + ms, 0)
}

/** In whole milliseconds, for a timer knows no others: what takes less than half of one takes none. */
export function scaled(steps: readonly TimedStep[], factor: number): readonly TimedStep[] {
  return steps.map((step) => ({ ...step, ms: Math.round(step.ms * factor) }))
}

/**
 * The same steps in synchronous stages: a stage is all steps with equally many before them on their longest path, and
 * begins when the one before it has ended, which takes a step of no time between them.
 */
export function inStages(steps: readonly TimedStep[]): readonly TimedStep[] {
  const depths = new Map<StepId, number>()
  for (const { id, after } of steps)
    depths.set(id, Math.max(0, ...after.map((before) => 1 + (depths.get(before) ?? 0))))
  const stages = Map.groupBy(steps, ({ id }) => depths.get(id) ?? 0)
  const gate = (stage: number) => stepId(`stage ${stage} begins`)
  return [...stages.keys()]
    .toSorted((a, b) => a - b)
    .flatMap((depth): TimedStep[] => {
      const stage = stages.get(depth) ?? []
      if (depth === 0) return [...stage]
      const before = stages.get(depth - 1) ?? []
      return [
        { id: gate(depth), after: before.map(({ id }) => id), ms: 0 },
        ...stage.map((step) => ({ ...step, after: [gate(depth)] })),
      ]
    })
}
