import type { NodeId } from '../../core/index.ts'
import { LossWindow } from './loss-window.ts'

/** End-to-end probes of one ordered pair of nodes, and the path they took by the daemons' tables. */
export class PairHealth {
  readonly from: NodeId
  readonly to: NodeId
  readonly window: LossWindow
  /** Nodes on the way, ends included; undefined while some hop has no route. */
  path: readonly NodeId[] | undefined
  /** Since when the path is what it is. */
  pathSince: number

  constructor(from: NodeId, to: NodeId, windowTicks: number, now: number) {
    this.from = from
    this.to = to
    this.window = new LossWindow(windowTicks)
    this.pathSince = now
  }

  /** A new path starts a new window: old losses say nothing about it. */
  follow(path: readonly NodeId[] | undefined, now: number): void {
    if (samePath(this.path, path)) return
    this.path = path
    this.pathSince = now
    this.window.clear()
  }

  get transits(): readonly NodeId[] {
    return this.path?.slice(1, -1) ?? []
  }
}

function samePath(a: readonly NodeId[] | undefined, b: readonly NodeId[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  return a.length === b.length && a.every((node, index) => node === b[index])
}
