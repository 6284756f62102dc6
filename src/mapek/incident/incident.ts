import type { HypothesisId, IncidentId, LinkId, NodeId } from '../../core/index.ts'
import type { MeshAction } from '../../mesh/index.ts'
import type { LinkSymptom, Symptom } from '../detect/symptom.ts'
import type { NodePair } from '../health/probe-plan.ts'

/** What one incident is about: one cause, whatever it shows. `key` is the same for as long as it lasts. */
export type Root =
  | { readonly kind: 'link'; readonly key: string; readonly symptom: LinkSymptom }
  | {
      readonly kind: 'node-unreachable'
      readonly key: string
      readonly node: NodeId
      readonly links: readonly LinkId[]
    }
  | {
      readonly kind: 'split'
      readonly key: string
      /** Every link that would have to work again: the exact cut. */
      readonly cut: readonly LinkId[]
      /** The smaller side. */
      readonly side: readonly NodeId[]
    }
  | {
      readonly kind: 'transit'
      readonly key: string
      readonly symptom: Extract<Symptom, { kind: 'transit-loss' }>
    }
  | {
      readonly kind: 'daemon'
      readonly key: string
      readonly symptom: Extract<Symptom, { kind: 'daemon-down' }>
    }
  | {
      readonly kind: 'originator'
      readonly key: string
      readonly symptom: Extract<Symptom, { kind: 'foreign-originator' }>
    }
  | {
      readonly kind: 'no-route'
      readonly key: string
      readonly symptom: Extract<Symptom, { kind: 'no-route' }>
    }
  | {
      readonly kind: 'cost'
      readonly key: string
      readonly symptom: Extract<Symptom, { kind: 'cost-changed' }>
    }

export interface DetectedRoot {
  readonly root: Root
  readonly symptoms: readonly Symptom[]
  /** First bad measurement of any of its symptoms. */
  readonly onset: number
}

export interface Incident extends DetectedRoot {
  readonly id: IncidentId
  readonly openedAt: number
  /** How often it was closed as healed and was still there a whole window later. */
  readonly repairs: number
}

export type Cause =
  | 'link-dead'
  | 'link-lossy'
  | 'link-saturated'
  | 'link-drops-large'
  | 'interface-admin-down'
  | 'interface-mtu-low'
  | 'node-unreachable'
  | 'mesh-split'
  | 'forwarding-disabled'
  | 'forwarding-drops'
  | 'daemon-dead'
  | 'daemon-hung'
  | 'prefix-conflict'
  | 'route-stuck'
  | 'cost-misconfigured'

export interface Evidence {
  readonly text: string
  /** Likelihood ratio that the evidence lends to the hypothesis: over 1 speaks for it, under 1 against. */
  readonly weight: number
}

export interface Hypothesis {
  readonly id: HypothesisId
  readonly cause: Cause
  /** Posterior share among the incident's hypotheses, 0..1. */
  readonly probability: number
  readonly node: NodeId | undefined
  readonly link: LinkId | undefined
  readonly iface: string | undefined
  readonly evidence: readonly Evidence[]
}

/** How verification reads "traffic is back": these pairs pass, and their paths keep clear of what was avoided. */
export interface Proof {
  readonly pairs: readonly NodePair[]
  readonly bytes: number
  readonly avoidsLink: LinkId | undefined
  readonly avoidsNode: NodeId | undefined
  /** What takes longer has not helped. At most `verifyDeadlineMs`. */
  readonly withinMs: number
}

export interface Remedy {
  readonly title: string
  readonly cause: Cause
  readonly actions: readonly MeshAction[]
  /** Done once all of `actions` hold: what makes the daemons around notice sooner. */
  readonly followUp: readonly MeshAction[]
  readonly risk: number
  readonly proof: Proof
  /** What must be given back when the cause has gone; empty for remedies that restore the configuration. */
  readonly quarantines: 'link' | 'node' | undefined
}

export interface Prediction {
  /** Share of the proof's pairs that get through, before and after. */
  readonly deliveredBefore: number
  readonly deliveredAfter: number
  /** Until traffic flows again; undefined where the twin sees no way. */
  readonly healedAfterMs: number | undefined
}

export interface PlannedRemedy extends Remedy {
  readonly prediction: Prediction
}

export type Outcome = 'healed' | 'recovered' | 'escalated' | 'advised' | 'observed' | 'interrupted'
