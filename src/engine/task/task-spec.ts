import { z } from 'zod'
import { meshSwarmError, stepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import { checkStepCount, sortSteps } from '../step-graph.ts'
import { referencesIn } from './references.ts'

const Id = z.string().min(1).max(200).transform(stepId)
const JsonValue = z.json() as z.ZodType<Json>

/** One call of one tool. */
const StepSchema = z
  .strictObject({
    id: Id,
    tool: z.string().min(1),
    /** Where it holds `{"$result": "a"}`, the value of step `a` goes in, and `a` comes before. */
    input: JsonValue.default(null),
    /** Steps that must succeed before. */
    after: z.array(Id).default([]),
    /** The kind of worker. */
    queue: z.string().min(1).default('any'),
    priority: z.int().min(-100).max(100).default(0),
    /** Further attempts after an error that is retryable. */
    retries: z.int().min(0).max(100).default(0),
    timeoutMs: z.number().positive().optional(),
    /** Doing it twice is as good as once; where it is left out, the tool says. */
    idempotent: z.boolean().optional(),
  })
  .transform((step) => ({ ...step, after: [...new Set([...step.after, ...referencesIn(step.input)])] }))

const TaskSchema = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  steps: z.array(StepSchema).min(1),
})

/** A step as a person, or a tool that adds one, writes it. */
export type StepInput = z.input<typeof StepSchema>
export type StepSpec = z.output<typeof StepSchema>
export type TaskInput = z.input<typeof TaskSchema>
/** Steps in topological order. */
export type TaskSpec = z.output<typeof TaskSchema>

/**
 * Throws INVALID_INPUT, with the place, for what is no task, an id used twice, a dependency that does not exist
 * and a cycle; STEP_LIMIT_EXCEEDED for more than 1500 steps.
 */
export function taskSpec(value: unknown): TaskSpec {
  const spec = parse(TaskSchema, value, 'task')
  checkStepCount(spec.steps.length)
  return { ...spec, steps: [...sortSteps(spec.steps, new Set())] }
}

/** Steps that are added to a task; whether they fit into it is for the task to say. Throws INVALID_INPUT. */
export function stepSpecs(value: unknown): readonly StepSpec[] {
  return parse(z.array(StepSchema), value, 'list of steps')
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw meshSwarmError('INVALID_INPUT', `This is no ${what}: ${z.prettifyError(parsed.error)}`, {
    details: { issues: parsed.error.issues.map(({ path, message }) => ({ path, message })) },
  })
}
