import { z } from 'zod'
import { meshSwarmError, stepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import { checkStepCount, sortSteps } from '../step-graph.ts'
import { type Amounts, budgetExceeded, Ledger, scaled } from './budget.ts'
import { referencesIn } from './references.ts'

const Id = z.string().min(1).max(200).transform(stepId)
const JsonValue = z.json() as z.ZodType<Json>

/** Whole tokens and actions; dollars have cents and less. */
const AmountsSchema = z.strictObject({
  tokens: z.int().min(0).optional(),
  usd: z.number().min(0).optional(),
  actions: z.int().min(0).optional(),
})

const BudgetSchema = AmountsSchema.extend({
  /** All there may ever be, added ones included. */
  steps: z.int().min(1).optional(),
  /** From the moment in which the task was stored. */
  wallMs: z.number().positive().optional(),
})

/** One call of one tool. */
const StepSchema = z
  .strictObject({
    id: Id,
    tool: z.string().min(1),
    /** Where it holds a `Reference`, the value of that step goes in, and the step comes before. */
    input: JsonValue.default(null),
    /** Steps that must succeed before. */
    after: z.array(Id).default([]),
    /** A list, or a reference to one: it is done once for each, `{ $item: true }` in its input is the item. */
    map: JsonValue.optional(),
    /** What has to hold, or else the step is skipped, with what comes after it. References as in `input`. */
    when: z
      .union([
        z.strictObject({ value: JsonValue, is: JsonValue }),
        z.strictObject({ value: JsonValue, isNot: JsonValue }),
      ])
      .optional(),
    /** A kind of worker that serves many tasks; where it is left out, the workers of this task. */
    queue: z.string().min(1).optional(),
    priority: z.int().min(-100).max(100).default(0),
    /** Further attempts after an error that is retryable. */
    retries: z.int().min(0).max(100).default(0),
    timeoutMs: z.number().positive().optional(),
    /** The most that one attempt may spend; what is left out, it may not. */
    budget: AmountsSchema.default({}),
    /** Doing it twice is as good as once; where it is left out, the tool says. */
    idempotent: z.boolean().optional(),
  })
  .transform((step) => {
    const used = [step.input, step.map ?? null, step.when?.value ?? null].flatMap(referencesIn)
    return { ...step, after: [...new Set([...step.after, ...used])] }
  })

const TaskSchema = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  /** The most that all of it may spend; what is left out is not bounded. */
  budget: BudgetSchema.default({}),
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
 * and a cycle; STEP_LIMIT_EXCEEDED for more than 1500 steps; BUDGET_EXCEEDED where a step alone needs more than there is.
 */
export function taskSpec(value: unknown): TaskSpec {
  const spec = parse(TaskSchema, value, 'task')
  checkStepCount(spec.steps.length)
  const { steps: most = Number.POSITIVE_INFINITY } = spec.budget
  if (spec.steps.length > most) throw budgetExceeded('steps', most, 0, spec.steps.length)
  for (const step of spec.steps) new Ledger(spec.budget).reserve(reservationOf(step))
  return { ...spec, steps: [...sortSteps(spec.steps, new Set())] }
}

/** What is set aside for a step: the most for each of its attempts. */
export function reservationOf({ budget, retries }: StepSpec): Amounts {
  return scaled(budget, retries + 1)
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
