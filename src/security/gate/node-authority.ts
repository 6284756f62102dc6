import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import {
  type Cancel,
  type ChangeId,
  type Clock,
  fromUnknown,
  type IdSource,
  meshSwarmError,
} from '../../core/index.ts'
import {
  type Admission,
  type GateAsk,
  type GateState,
  type MeshAction,
  type NodeGate,
  type Proof,
  touchedNodes,
} from '../../mesh/index.ts'
import { AuditLog } from '../audit/audit-log.ts'
import { loadSigner } from '../audit/key-file.ts'
import { addRevocation, BiscuitEngine, readRevocations, readRootPublicKey } from '../capability/index.ts'
import { EpochFile } from '../epoch/epoch-file.ts'
import { EpochGuard } from '../epoch/epoch-guard.ts'
import { AuthorityLimits } from '../limits/index.ts'
import { AntiMeaveOracle } from '../oracle/index.ts'
import { DEFAULT_POLICY } from '../policy/policy-files.ts'
import { PolicyManager } from '../policy/policy-manager.ts'
import { AuthorityGate } from './authority-gate.ts'
import { isEnrolled } from './enrolment.ts'
import { gateEntry } from './gate-decision.ts'
import { approversOf, listOf, type NodeSettings, readSettings, SETTINGS_FILE } from './node-settings.ts'
import { refused } from './refusals.ts'
import { keepVerdict, keptVerdicts } from './suspensions.ts'

/** Of a change on the books of the nodes: what it drew on counts after a restart as well. */
export interface PastChange {
  readonly id: ChangeId
  readonly action: MeshAction
  readonly appliedAt: number
  readonly lineage: readonly string[]
}

export interface NodeAuthorityComponents {
  readonly clock: Clock
  /** Must not repeat in another process. */
  readonly ids: IdSource
}

export interface NodeAuthorityOptions {
  /** What those who answer for the nodes have put there: `enrol`. */
  readonly directory: string
  readonly past: readonly PastChange[]
}

/** At most six nodes, or 5 %, whichever is more, are written in any ten minutes. */
const LEAST_NODES = 6

/**
 * The authority as the nodes of one executor know it, from their own directory: the root's public key, the epoch, what is
 * revoked, settings, policies, who is suspended, and their audit log. Until the nodes are enrolled, or where anything there
 * cannot be read, nothing is let through.
 */
export class NodeAuthority implements NodeGate, AsyncDisposable {
  readonly #components: NodeAuthorityComponents
  readonly #options: NodeAuthorityOptions
  readonly #session = randomBytes(16).toString('hex')
  readonly #listeners = new Set<(state: GateState) => void>()
  readonly #closers: (() => unknown)[] = []
  #gate: AuthorityGate | undefined
  #opening: Promise<AuthorityGate> | undefined

  private constructor(components: NodeAuthorityComponents, options: NodeAuthorityOptions) {
    this.#components = components
    this.#options = options
  }

  /** Never rejects for what the directory holds: that closes the gate. */
  static async open(
    components: NodeAuthorityComponents,
    options: NodeAuthorityOptions,
  ): Promise<NodeAuthority> {
    const authority = new NodeAuthority(components, options)
    await authority.#opened().catch(() => undefined)
    return authority
  }

  get state(): GateState {
    return this.#gate?.state ?? { session: this.#session, epoch: 0, closed: 'no-root' }
  }

  async admit(ask: GateAsk, proof: Proof | undefined, signal: AbortSignal): Promise<Admission> {
    return (await this.#opened()).admit(ask, proof, signal)
  }

  async tell(statement: unknown): Promise<void> {
    return (await this.#opened()).tell(statement)
  }

  onChange(listener: (state: GateState) => void): Cancel {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const close of this.#closers.splice(0).toReversed()) await close()
  }

  /** Looks again where there was nothing before: nodes are enrolled while they are watched. */
  #opened(): Promise<AuthorityGate> {
    if (this.#gate) return Promise.resolve(this.#gate)
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #open(): Promise<AuthorityGate> {
    const { directory } = this.#options
    if (!isEnrolled(directory))
      throw refused('no-root', `these nodes obey nobody yet: there is no root.pub in ${directory}.`)
    try {
      const gate = await this.#assemble(directory)
      gate.onChange((state) => {
        for (const listener of this.#listeners) listener(state)
      })
      this.#gate = gate
      for (const listener of this.#listeners) listener(gate.state)
      return gate
    } catch (thrown) {
      await this[Symbol.asyncDispose]()
      const { message } = fromUnknown(thrown)
      throw meshSwarmError('ACTION_DENIED', `Not allowed: ${message}`, {
        details: { reason: 'no-root' },
        cause: thrown,
      })
    }
  }

  async #assemble(directory: string): Promise<AuthorityGate> {
    const { clock, ids } = this.#components
    const root = readRootPublicKey(directory)
    const settings = readSettings(join(directory, SETTINGS_FILE))
    const audit = await this.#openAudit(join(directory, 'audit.db'))
    const engine = new BiscuitEngine({ clock })
    this.#closers.push(() => engine.close())
    const store = new EpochFile(join(directory, 'epoch.json'))
    const guard = await EpochGuard.open({ clock, store }, { rootPublicKey: root })
    const policy = await PolicyManager.open({ ids }, { paths: [policyPath(directory)] })
    this.#closers.push(
      policy.watch(
        ({ problems }) =>
          void (
            problems[0] && audit.append({ kind: 'policy', problems: problems.map(({ message }) => message) })
          ),
      ),
    )
    const file = join(directory, 'suspensions.jsonl')
    const oracle = new AntiMeaveOracle(
      { ids, standing: keptVerdicts(file), onVerdict: (verdict) => keepVerdict(file, verdict) },
      { looksAreTold: false },
    )
    const onRevoked = (statement: unknown) => addRevocation(directory, statement, root)
    return new AuthorityGate(
      {
        ...{ clock, engine, root, guard, policy, oracle, onRevoked, limits: this.#limits(settings) },
        onDecision: (decision) => audit.append(gateEntry(decision)),
      },
      {
        ...{ session: this.#session, meshSize: () => settings.nodes, regionsOf: listOf(settings.regions) },
        ...{ approvers: approversOf(settings), approvals: settings.approvals },
        revoked: readRevocations(directory, root),
      },
    )
  }

  async #openAudit(file: string): Promise<AuditLog> {
    const { clock, ids } = this.#components
    const audit = await AuditLog.open({ clock, ids, signer: loadSigner({ ids }, `${file}.key`) }, { file })
    this.#closers.push(() => audit.close())
    return audit
  }

  #limits({ nodes, blastRadius, groups }: NodeSettings): AuthorityLimits {
    const { clock } = this.#components
    const options =
      blastRadius === undefined
        ? { networkLeast: LEAST_NODES }
        : { networkLeast: blastRadius, networkShare: Number.MIN_VALUE }
    const limits = new AuthorityLimits({ clock, meshSize: () => nodes, groupsOf: listOf(groups) }, options)
    const past = this.#options.past.filter(({ action }) => touchedNodes([action]).size > 0)
    limits.remember(
      past.map(({ action, appliedAt, lineage }) => ({ node: action.node, at: appliedAt, lineage })),
    )
    return limits
  }
}

function policyPath(directory: string): string {
  const own = join(directory, 'policy')
  return existsSync(own) && readdirSync(own).length > 0 ? own : DEFAULT_POLICY
}
