/** Every threshold of the loop in one place; docs/LIMITS.md lists them. Times in ms, rates as shares. */
export interface MapekOptions {
  /** Time between two rounds of probes. */
  readonly tickMs: number
  /** A probe that takes longer is lost. Below `tickMs`, or rounds overlap. */
  readonly probeTimeoutMs: number
  /** Payload of small and large probes. Large ones find paths that swallow big packets. */
  readonly smallBytes: number
  readonly largeBytes: number
  /** Upper bound for probes a second over the whole mesh; rounds get rarer above it. */
  readonly probesPerSecond: number
  /** Rounds that a loss window remembers. */
  readonly windowTicks: number
  /** Rounds without any arrival after which a link direction is dead. */
  readonly deadTicks: number
  /** The same for large packets while small ones pass. */
  readonly largeDeadTicks: number
  /** Loss rate of a healthy link, and the one worth repairing: the two sides of the sequential test. */
  readonly healthyLoss: number
  readonly badLoss: number
  /** Evidence in nats (log-likelihood ratio) to call something lossy: e^-9 is about one in 10,000. */
  readonly lossEvidence: number
  /** Rounds with loss that a lossy link, or node, shows at least, so that one short burst is not a fault. */
  readonly lossyTicks: number
  /** The same for a node that forwards next to nothing, where several pairs speak at once. */
  readonly transitLossyTicks: number
  /** One-way delay above which a link is saturated when it holds for `saturatedTicks` rounds. */
  readonly saturatedDelayMs: number
  readonly saturatedTicks: number
  /** A daemon must be gone, or stopped, for so long: a reload is not a fault. */
  readonly daemonGraceMs: number
  /** A foreign originator of an address must last so long. */
  readonly conflictGraceMs: number
  /** A route that is missing for so long, where links would carry it, makes all daemons hurry (mode heal). */
  readonly unsettledMs: number
  /** A route that is missing for so long is an incident. Daemons that settle by themselves need less. */
  readonly noRouteMs: number
  /** A cost that is not as configured must stay the same for so long. More than two hello intervals. */
  readonly costSteadyMs: number
  /** A daemon must run for so long before losses count against its node: it has to learn the routes first. */
  readonly daemonSettleMs: number
  /** How long a pair's path must be unchanged before its loss counts against the nodes on it. */
  readonly pathSettleMs: number
  /** Pairs that watch each transit node. */
  readonly pairsPerTransit: number
  /** How long a dead link waits for other suspects, so that one cause is one incident. */
  readonly correlateMs: number
  /** Partial loss at a node waits so long at most while other repairs, or missing routes, keep traffic moving. */
  readonly restlessMs: number
  /** Consecutive good end-to-end probes that prove a repair. */
  readonly verifyProbes: number
  readonly verifyIntervalMs: number
  /** A remedy that has not helped by then is rolled back. */
  readonly verifyDeadlineMs: number
  /** How long the daemons are made to hurry after an action. */
  readonly hastenMs: number
  /** On top of the verify deadline: after it the node itself undoes what nobody confirmed. */
  readonly confirmMarginMs: number
  /** A repaired link is given back after so long without a bad probe; doubles with each relapse. */
  readonly holdDownMs: number
  /** The same for a drained node. Nothing that it forwards could show that it is well again: only a trial can. */
  readonly nodeHoldDownMs: number
  /** Receive cost that keeps traffic off a link and leaves it usable as the last resort. */
  readonly avoidCost: number
  readonly mode: Mode
}

export type Mode = 'observe' | 'advise' | 'heal'

export const DEFAULT_MAPEK_OPTIONS: MapekOptions = Object.freeze({
  tickMs: 200,
  probeTimeoutMs: 180,
  smallBytes: 64,
  largeBytes: 1400,
  probesPerSecond: 4000,
  windowTicks: 15,
  deadTicks: 6,
  largeDeadTicks: 5,
  healthyLoss: 0.01,
  badLoss: 0.15,
  lossEvidence: 9.2,
  lossyTicks: 7,
  transitLossyTicks: 5,
  saturatedDelayMs: 50,
  saturatedTicks: 6,
  daemonGraceMs: 1000,
  conflictGraceMs: 400,
  unsettledMs: 400,
  noRouteMs: 1600,
  costSteadyMs: 10_000,
  daemonSettleMs: 3000,
  pathSettleMs: 600,
  pairsPerTransit: 4,
  correlateMs: 800,
  restlessMs: 2000,
  verifyProbes: 5,
  verifyIntervalMs: 50,
  verifyDeadlineMs: 15_000,
  hastenMs: 3000,
  confirmMarginMs: 7000,
  holdDownMs: 30_000,
  nodeHoldDownMs: 300_000,
  avoidCost: 5000,
  mode: 'advise',
})
