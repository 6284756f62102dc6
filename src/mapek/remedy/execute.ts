import { type AgentId, type ChangeId, changeId, type IncidentId } from '../../core/index.ts'
import { describeAction, type MeshAction } from '../../mesh/index.ts'
import type { PlannedRemedy } from '../incident/incident.ts'
import type { MapekOptions } from '../options.ts'
import type { MapekComponents } from '../ports.ts'

export interface AppliedByAgent {
  readonly agent: AgentId
  readonly change: ChangeId
  readonly action: MeshAction
}

export interface Execution {
  readonly applied: readonly AppliedByAgent[]
  /** What failed or was refused; then nothing of the remedy is left in place. */
  readonly failure: { readonly code: string; readonly text: string } | undefined
}

type ExecuteComponents = Pick<MapekComponents, 'controller' | 'workforce' | 'ids' | 'record' | 'clock'>

/** All actions of the remedy in parallel, one executor each, then what follows up. All hold, or all are undone. */
export async function execute(
  components: ExecuteComponents,
  incident: IncidentId,
  remedy: PlannedRemedy,
  options: MapekOptions,
  signal: AbortSignal,
): Promise<Execution> {
  const applied: AppliedByAgent[] = []
  for (const actions of [remedy.actions, remedy.followUp]) {
    const failure = await applyAll(components, incident, actions, applied, options, signal)
    if (!failure) continue
    await undo(components, incident, applied, failure.text)
    return { applied: [], failure }
  }
  return { applied, failure: undefined }
}

async function applyAll(
  { controller, workforce, ids, record, clock }: ExecuteComponents,
  incident: IncidentId,
  actions: readonly MeshAction[],
  applied: AppliedByAgent[],
  options: MapekOptions,
  signal: AbortSignal,
): Promise<Execution['failure']> {
  const confirmWithinMs = options.verifyDeadlineMs + options.confirmMarginMs
  const results = await workforce.fanOut(
    'executor',
    actions,
    async (agent, action, itemSignal): Promise<AppliedByAgent> => {
      const id = changeId(ids.next('change'))
      const confirmBy = clock.now() + confirmWithinMs
      const event = { incident, agent: agent.agentId, action, text: describeAction(action) }
      record({ kind: 'action-applied', ...event, change: id, confirmBy })
      await controller.apply(agent.agentId, action, { id, confirmWithinMs, reason: incident }, itemSignal)
      return { agent: agent.agentId, change: id, action }
    },
    signal,
  )
  let failure: Execution['failure']
  results.forEach((result, index) => {
    const action = actions[index]
    if (result.ok) applied.push(result.value)
    else if (action) {
      const { code, message: text } = result.error
      failure ??= { code, text }
      record({ kind: 'action-failed', incident, agent: undefined, action, code, text })
    }
  })
  return failure
}

/** Takes the changes back, the last first. Runs to its end whatever is cancelled; the node's timer is the net. */
export async function undo(
  { controller, record }: Pick<ExecuteComponents, 'controller' | 'record'>,
  incident: IncidentId,
  applied: readonly AppliedByAgent[],
  why: string,
): Promise<void> {
  const never = new AbortController().signal
  await Promise.all(
    applied.toReversed().map(async ({ agent, change, action }) => {
      try {
        await controller.rollback(agent, change, never)
        record({ kind: 'rolled-back', incident, change, text: why })
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error)
        record({ kind: 'action-failed', incident, agent, action, code: 'ROLLBACK_LEFT_TO_NODE', text })
      }
    }),
  )
}

export async function confirmAll(
  { controller, record }: Pick<ExecuteComponents, 'controller' | 'record'>,
  incident: IncidentId,
  applied: readonly AppliedByAgent[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    applied.map(async ({ agent, change }) => {
      await controller.confirm(agent, change, signal)
      record({ kind: 'confirmed', incident, change })
    }),
  )
}
