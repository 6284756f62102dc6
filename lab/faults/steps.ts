/**
 * One change on one node, as plain data: it is written to disk before it is made, so that any process can undo
 * it later. `apply.ts` makes and undoes steps.
 */
export type FaultStep =
  /** Loads an nft table of its own; `chains` is what stands between the table's braces. */
  | {
      readonly kind: 'nft'
      readonly netns: string
      readonly family: 'netdev' | 'inet'
      readonly table: string
      readonly chains: string
    }
  | { readonly kind: 'qdisc'; readonly netns: string; readonly device: string; readonly spec: string }
  | { readonly kind: 'link-down'; readonly netns: string; readonly device: string }
  | { readonly kind: 'forwarding-off'; readonly netns: string }
  | { readonly kind: 'kill-daemon'; readonly node: string; readonly netns: string }
  | { readonly kind: 'stop-daemon'; readonly netns: string }
  /** A shell script in the background, `tag` on its command line; ended with its children by the undo. */
  | { readonly kind: 'background'; readonly netns: string; readonly tag: string; readonly script: string }
  | { readonly kind: 'add-address'; readonly netns: string; readonly address: string }
  | {
      readonly kind: 'rxcost'
      readonly netns: string
      readonly socket: string
      readonly device: string
      readonly rxcost: number
      readonly previous: number
    }

export interface NetnsDevice {
  readonly netns: string
  readonly device: string
}

/** Drops what comes in on a device: all of it, or what `match` says. Sending is not touched. */
export function dropIncoming(table: string, at: NetnsDevice, match = ''): FaultStep {
  // nft 1.0.6 refuses the one-line form: newlines after the braces.
  const chains = `chain c {\ntype filter hook ingress device ${at.device} priority 0\n${match} counter drop\n}`
  return { kind: 'nft', netns: at.netns, family: 'netdev', table: `${table}_${at.device}`, chains }
}

/** Drops what the node would pass on between others. Its own traffic, routing included, is not touched. */
export function dropForwarded(table: string, netns: string, match = ''): FaultStep {
  const chains = `chain c {\ntype filter hook forward priority 0\n${match} counter drop\n}`
  return { kind: 'nft', netns, family: 'inet', table, chains }
}

export function percent(share: number): string {
  return `numgen random mod 1000 < ${share * 10}`
}
