import { z } from 'zod'
import { meshSwarmError, type StepId, stepId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import { checkStepCount, sortSteps } from '../step-graph.ts'
import { type Amounts, budgetExceeded, Ledger, RESOURCES, scaled } from './budget.ts'
import { referencesIn } from './references.ts'

const Id = z
  .string()
  .min(1)
  .max(200)
  .regex(/^\P{Cc}*$/u, 'control characters')
  .transform(stepId)
const JsonValue = z.json() as z.ZodType<Json>

/** Whole tokens and actions; dollars have cents and less. */
const AmountsSchema = z.strictObject({
  tokens: z.int().min(0).optional(),
  usd: z.number().min(0).optional(),
  actions: z.int().min(0).optional(),
  /** Sub-agents, theirs included. */
  agents: z.int().min(0).optional(),
  /** Steps of sub-agents, theirs included. */
  steps: z.int().min(0).optional(),
})

const BudgetSchema = AmountsSchema.extend({
  /** All there may ever be, added ones and those of sub-agents included. */
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
    /** For the tool `agent`: the task of its sub-agents. References in it are theirs, and `Given` is the input. */
    task: JsonValue.optional(),
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
    /** So long without a sign of life, it is stopped as if its time were up. */
    idleMs: z.number().positive().optional(),
    /** The most that one attempt may spend; what is left out, it may not. */
    budget: AmountsSchema.default({}),
    /** Doing it twice is as good as once; where it is left out, the tool says. */
    idempotent: z.boolean().optional(),
  })
  .transform((step) => {
    const used = [step.input, step.map ?? null, step.when?.value ?? null].flatMap(referencesIn)
    const after = [...step.after, ...used]
    return { ...step, after: after.length > 1 ? [...new Set(after)] : after }
  })

const TaskSchema = z.strictObject({
  name: z.string().min(1).max(200).optional(),
  /** The most that all of it may spend; what is left out is not bounded. */
  budget: BudgetSchema.default({}),
  steps: z.array(StepSchema).min(1),
})

/** The tool that has a step done by sub-agents. */
export const SUB_AGENTS = 'agent'
/** Sub-agents of sub-agents of sub-agents, and no further. */
export const MOST_DEPTH = 3

/** The task of sub-agents: like any other, and who does it. */
const SubTaskSchema = z.looseObject({
  agents: z.int().min(1).max(100).default(1),
  /** Tools that they get; where it is left out, all that the step's own agents have. */
  tools: z.array(z.string()).optional(),
  budget: z.record(z.string(), z.number()).default({}),
  steps: z.array(z.looseObject({})).min(1),
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
  return checked(value, 0)
}

function checked(value: unknown, depth: number): TaskSpec {
  const spec = parse(TaskSchema, value, 'task')
  checkStepCount(spec.steps.length)
  const { steps: most = Number.POSITIVE_INFINITY } = spec.budget
  if (spec.steps.length > most) throw budgetExceeded('steps', most, 0, spec.steps.length)
  const ledger = new Ledger(spec.budget)
  ledger.settle({}, { steps: spec.steps.length })
  for (const step of spec.steps) {
    const wanted = reservationOf(step)
    if (ledger.reserve(wanted)) ledger.settle(wanted, {})
    if (step.tool === SUB_AGENTS) checkSubTask(step, depth + 1)
  }
  return { ...spec, steps: [...sortSteps(spec.steps, new Set())] }
}

/** As far as it can be known before: what tools its agents have, and what they are given, is not. */
function checkSubTask({ id, task: value, budget }: StepSpec, depth: number): void {
  if (depth > MOST_DEPTH) throw budgetExceeded('depth', MOST_DEPTH, MOST_DEPTH, 1)
  const { agents, tools: _, ...task } = subTaskOf(value, id)
  checkQueues(checked({ ...task, budget: sliceFor(agents, budget, task.budget) }, depth).steps)
}

/** The task of a step's sub-agents, with who does it. Throws INVALID_INPUT. */
export function subTaskOf(value: unknown, step: StepId) {
  return parse(SubTaskSchema, value, `task of sub-agents, in ${step}`)
}

/**
 * What sub-agents may spend of what their step may: what they are to have, or all of it, less themselves. Throws
 * BUDGET_EXCEEDED where it is more.
 */
export function sliceFor(agents: number, budget: Amounts, wanted: Readonly<Record<string, number>>) {
  const limits: Record<string, number> = { ...wanted }
  for (const resource of RESOURCES) {
    const [most, themselves] = [budget[resource] ?? 0, resource === 'agents' ? agents : 0]
    const limit = wanted[resource] ?? Math.max(0, most - themselves)
    if (themselves + limit > most) throw budgetExceeded(resource, most, 0, themselves + limit)
    limits[resource] = limit
  }
  return limits
}

/**
 * The steps of sub-agents are done by these and by nobody else, who may have more authority. Throws INVALID_INPUT for
 * one that names a queue.
 */
export function checkQueues(steps: readonly StepSpec[]): void {
  const astray = steps.find(({ queue }) => queue !== undefined)
  if (!astray) return
  const text = `Step ${astray.id} of sub-agents names the queue ${astray.queue}: they do their steps themselves.`
  throw meshSwarmError('INVALID_INPUT', text, { details: { step: astray.id, queue: astray.queue } })
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
