import type { Clock, IdSource, NodeId } from '../../core/index.ts'
import type { MeshDriver } from '../../mesh/index.ts'
import { BiscuitEngine, CapabilityManager, type KeyPair } from '../capability/index.ts'
import type { EpochIssuer } from '../epoch/epoch-issuer.ts'
import { SwarmAuthority } from './swarm-authority.ts'

export interface CommandComponents {
  readonly driver: MeshDriver
  readonly clock: Clock
  /** Must not repeat in another process. */
  readonly ids: IdSource
  readonly root: KeyPair
  readonly epochs: EpochIssuer
}

export interface CommandOptions {
  /** As `SwarmAuthorityOptions.nodes`. */
  readonly nodes: readonly NodeId[] | 'all'
  readonly blastRadius: number
}

/** A swarm's authority over nodes that are under this root. */
export interface Command extends AsyncDisposable {
  readonly authority: SwarmAuthority
}

/** So often the epoch is renewed: nodes believe one for a day. */
const RENEW_MS = 6 * 3_600_000

/**
 * Brings the nodes the authority's present epoch, goes on doing so until it is disposed of, and makes the swarm's authority
 * over them. A mesh that is halted stays so. Rejects as `MeshDriver.tell`.
 */
export async function takeCommand(
  { driver, clock, ids, root, epochs }: CommandComponents,
  options: CommandOptions,
  signal: AbortSignal,
): Promise<Command> {
  await driver.tell(await epochs.renewed(RENEW_MS), signal)
  const engine = new BiscuitEngine({ clock })
  const manager = new CapabilityManager({ engine, clock, root })
  let cancel = () => {}
  const renew = async () => {
    // Where it fails, the nodes go on with the one they have, until it is stale.
    await epochs
      .renewed(RENEW_MS)
      .then((epoch) => driver.tell(epoch, signal))
      .catch(() => undefined)
    if (!signal.aborted) cancel = clock.after(RENEW_MS / 6, () => void renew())
  }
  cancel = clock.after(RENEW_MS / 6, () => void renew())
  return {
    authority: new SwarmAuthority({ clock, manager, ids }, options),
    [Symbol.asyncDispose]: async () => {
      cancel()
      await engine.close()
    },
  }
}
