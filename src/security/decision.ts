import type { AgentId, ChangeId, ErrorCode } from '../core/index.ts'
import type { MeshAction } from '../mesh/index.ts'

export type Operation = 'apply' | 'confirm' | 'rollback'

/** One answer of the controller, given before anything is done. Frozen. */
export type Decision = {
  readonly at: number
  readonly operation: Operation
  readonly agent: AgentId
  readonly change: ChangeId
  /** For a confirm or rollback: what is confirmed or undone. */
  readonly action: MeshAction
  readonly reason: string
} & ({ readonly allowed: true } | { readonly allowed: false; readonly code: ErrorCode; readonly why: string })
