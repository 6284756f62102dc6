import type { AgentId, ChangeId, IncidentId } from '../core/index.ts'
import type { MeshAction } from '../mesh/index.ts'
import type { Symptom } from './detect/symptom.ts'
import type { Hypothesis, Outcome, PlannedRemedy, Root } from './incident/incident.ts'
import type { Mode } from './options.ts'
import type { Quarantine } from './remedy/quarantine.ts'

/** Every decision of the loop, as the journal keeps it. `explain` needs nothing else. */
export type HealEvent =
  | {
      readonly kind: 'run-started'
      readonly mesh: string
      readonly source: string
      readonly mode: Mode
      readonly agents: number
      readonly nodes: number
    }
  | {
      readonly kind: 'incident-opened'
      readonly incident: IncidentId
      readonly root: Root
      readonly symptoms: readonly Symptom[]
      readonly onset: number
      readonly title: string
    }
  | {
      readonly kind: 'evidence'
      readonly incident: IncidentId
      readonly agent: AgentId | undefined
      readonly text: string
    }
  | { readonly kind: 'hypotheses'; readonly incident: IncidentId; readonly hypotheses: readonly Hypothesis[] }
  | {
      readonly kind: 'planned'
      readonly incident: IncidentId
      readonly remedies: readonly PlannedRemedy[]
      readonly rejected: readonly string[]
    }
  | {
      readonly kind: 'action-applied'
      readonly incident: IncidentId
      readonly agent: AgentId
      readonly change: ChangeId
      readonly action: MeshAction
      readonly text: string
      readonly confirmBy: number
    }
  | {
      readonly kind: 'action-failed'
      readonly incident: IncidentId
      readonly agent: AgentId | undefined
      readonly action: MeshAction
      readonly code: string
      readonly text: string
    }
  | {
      readonly kind: 'hastened'
      readonly incident: IncidentId
      readonly agent: AgentId
      readonly nodes: number
      readonly forMs: number
    }
  | {
      readonly kind: 'verified'
      readonly incident: IncidentId
      readonly helped: boolean
      readonly text: string
      readonly tookMs: number
    }
  | { readonly kind: 'confirmed'; readonly incident: IncidentId; readonly change: ChangeId }
  | {
      readonly kind: 'rolled-back'
      readonly incident: IncidentId
      readonly change: ChangeId
      readonly text: string
    }
  | { readonly kind: 'quarantined'; readonly incident: IncidentId; readonly quarantine: Quarantine }
  | {
      readonly kind: 'given-back'
      readonly incident: IncidentId
      readonly key: string
      readonly text: string
    }
  | {
      readonly kind: 'incident-closed'
      readonly incident: IncidentId
      readonly outcome: Outcome
      readonly text: string
      readonly detectedAfterMs: number
      readonly closedAfterMs: number
    }
  | {
      readonly kind: 'interrupted'
      readonly incident: IncidentId
      readonly text: string
      readonly changes: readonly ChangeId[]
    }
  | {
      readonly kind: 'decision'
      readonly operation: 'apply' | 'confirm' | 'rollback'
      readonly by: AgentId
      readonly change: ChangeId
      readonly action: MeshAction
      readonly reason: string
      readonly allowed: boolean
      readonly code?: string
      readonly why?: string
    }
  /** The nodes' gate is closed, or open again. */
  | { readonly kind: 'gate'; readonly closed?: string | undefined; readonly epoch: number }
  /** The nodes' oracle has found something out; where it suspends nobody, a person has to decide. */
  | {
      readonly kind: 'suspension'
      readonly incident: IncidentId
      readonly title: string
      readonly openedAt: number
      readonly suspended: readonly string[]
      readonly agents: readonly AgentId[]
      readonly evidence: readonly string[]
    }
  /** A person has lifted a suspension. */
  | { readonly kind: 'lifted'; readonly incident: IncidentId; readonly title: string }
  | { readonly kind: 'monitor-trouble'; readonly text: string }

export type StampedHealEvent = HealEvent & { readonly at: number; readonly seq: number }
