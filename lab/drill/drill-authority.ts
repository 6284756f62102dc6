import { type Clock, entropySeed, type IdSource, randomIds, seededRandom } from '../../src/core/index.ts'
import type { MeshDriver, NodeGate, SimMesh } from '../../src/mesh/index.ts'
import {
  AntiMeaveOracle,
  AuthorityGate,
  AuthorityLimits,
  BiscuitEngine,
  type Command,
  DEFAULT_POLICY,
  EpochGuard,
  EpochIssuer,
  type EpochStore,
  enrol,
  type KeyPair,
  keyPair,
  MemoryEpochStore,
  PolicyManager,
  takeCommand,
} from '../../src/security/index.ts'

/** A root of authority for one drill, which nobody keeps. */
export class DrillAuthority {
  readonly #clock: Clock
  readonly #root: KeyPair
  readonly #store: EpochStore
  readonly #ids: IdSource = randomIds(seededRandom(entropySeed()))
  readonly #closers: (() => Promise<void>)[] = []

  constructor(
    clock: Clock,
    {
      root = keyPair(),
      store = new MemoryEpochStore(),
    }: { readonly root?: KeyPair; readonly store?: EpochStore } = {},
  ) {
    this.#clock = clock
    this.#root = root
    this.#store = store
  }

  /** Puts real nodes under it: those of the executor that has this directory. All of them may be changed. */
  enrol(directory: string, nodes: number): void {
    enrol(directory, this.#root.publicKey, { nodes, blastRadius: nodes })
  }

  /** The gate of simulated nodes: the same one, with nothing on the disk. */
  async simGate(mesh: SimMesh): Promise<NodeGate> {
    const [clock, ids] = [this.#clock, this.#ids]
    const engine = new BiscuitEngine({ clock })
    this.#closers.push(() => engine.close())
    const root = this.#root.publicKey
    const meshSize = () => mesh.wiring.nodeIds.length
    const policy = await clock.hold(PolicyManager.open({ ids }, { paths: [DEFAULT_POLICY] }))
    const guard = await EpochGuard.open({ clock, store: new MemoryEpochStore() }, { rootPublicKey: root })
    const limits = new AuthorityLimits({ clock, meshSize, groupsOf: () => [] }, { networkShare: 1 })
    const oracle = new AntiMeaveOracle({ ids, onVerdict: () => undefined }, { looksAreTold: false })
    const silent = { onDecision: () => undefined, onRevoked: () => undefined }
    const parts = { clock, engine, root, guard, policy, limits, oracle, ...silent }
    return new AuthorityGate(parts, { session: ids.next('session'), meshSize })
  }

  /** The authority of a swarm over the driver's nodes. Ends with `close`. */
  async command(driver: MeshDriver, nodes: number, signal: AbortSignal): Promise<Command> {
    const [clock, ids, root] = [this.#clock, this.#ids, this.#root]
    const epochs = new EpochIssuer({ clock, root, store: this.#store })
    const command = await takeCommand(
      { driver, clock, ids, root, epochs },
      { nodes: 'all', blastRadius: nodes },
      signal,
    )
    this.#closers.push(async () => command[Symbol.asyncDispose]())
    return command
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close()
  }
}
