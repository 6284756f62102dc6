import type { LinkId, NodeId } from '../../../core/index.ts'

/** What somebody holds to be true of the world beyond what a snapshot shows: where the twin starts from. */
export type TwinBelief =
  | {
      readonly kind: 'link-loss'
      readonly link: LinkId
      /** The sender whose packets are lost. */
      readonly from: NodeId
      readonly loss: number
      /** Only packets that need a large frame suffer. */
      readonly largeOnly: boolean
    }
  | {
      readonly kind: 'forwards'
      readonly node: NodeId
      /** Share of transit packets that it passes on. */
      readonly share: number
      /** Whether that is for forwarding being switched off, which can be switched on. */
      readonly switchedOff: boolean
    }
  | { readonly kind: 'daemon'; readonly node: NodeId; readonly state: 'dead' | 'stopped' }
  | { readonly kind: 'announces'; readonly node: NodeId; readonly victim: NodeId }
  | { readonly kind: 'interface-off'; readonly node: NodeId; readonly iface: string }
