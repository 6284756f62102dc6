import type { LinkId, NodeId } from '../../core/index.ts'

/**
 * One thing that is measurably wrong, before anyone asks why. `key` is the same for as long as it lasts;
 * `onset` is the first bad measurement.
 */
export type Symptom =
  | LinkSymptom
  | {
      readonly kind: 'transit-loss'
      readonly key: string
      readonly node: NodeId
      readonly onset: number
      /** Share of packets lost on pairs through the node. */
      readonly lossRate: number
      readonly pairs: readonly { readonly from: NodeId; readonly to: NodeId }[]
    }
  | {
      readonly kind: 'daemon-down'
      readonly key: string
      readonly node: NodeId
      readonly onset: number
      readonly state: 'dead' | 'stopped'
    }
  | {
      readonly kind: 'foreign-originator'
      readonly key: string
      readonly victim: NodeId
      readonly prefix: string
      readonly announcer: NodeId
      readonly onset: number
      readonly believers: readonly NodeId[]
    }
  | {
      readonly kind: 'no-route'
      readonly key: string
      /** What most of the pairs have in common. */
      readonly node: NodeId
      readonly onset: number
      readonly pairs: readonly { readonly from: NodeId; readonly to: NodeId }[]
    }
  | {
      readonly kind: 'cost-changed'
      readonly key: string
      readonly node: NodeId
      readonly iface: string
      readonly onset: number
      readonly cost: number
      readonly nominal: number
    }

export interface LinkSymptom {
  readonly kind: 'link'
  readonly key: string
  readonly link: LinkId
  readonly onset: number
  readonly trouble: 'dead' | 'lossy' | 'drops-large' | 'saturated'
  /** Which directions are affected, by their sender. */
  readonly senders: readonly NodeId[]
  readonly lossRate: number | undefined
  readonly delayMs: number | undefined
}
