import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Clock } from '../../../../core/index.ts'
import type { NodeGate } from '../../../gate.ts'
import { ChangeBook } from './change-book.ts'
import { Hastener } from './hastener.ts'
import { Ledger, type LedgerEntry } from './ledger.ts'
import { Prober } from './prober.ts'
import { RouteRenewer } from './route-renewer.ts'
import { ScopeIndexes } from './scope-indexes.ts'
import { HostServer } from './server.ts'

export interface ExecutorParts {
  readonly clock: Clock
  /** Opens the gate, with the changes on the books: what they drew on counts on. */
  readonly openGate: (changes: readonly LedgerEntry[]) => Promise<NodeGate & AsyncDisposable>
}

export interface ServeOptions {
  readonly stateDir: string
  /** Whether this process has a network namespace of its own; see `ScopeIndexes`. */
  readonly ownNetns: boolean
}

/** How long to wait for the first, or the next, coordinator. */
const LINGER_MS = 2000

/**
 * The executor of the nodes on this machine, as a process of its own: it serves on `executor.sock` in its state
 * directory, outlives who started it, and ends when nobody is connected and nothing has to be undone. One for a state
 * directory: a second one ends by itself. Never returns.
 */
export async function serveExecutor(
  { clock, openGate }: ExecutorParts,
  { stateDir, ownNetns }: ServeOptions,
): Promise<void> {
  process.umask(0o077)
  let lock = takeLock(stateDir)
  // One that is just being killed holds its lock for a moment yet.
  for (let tries = 0; !lock && tries < 50; tries++) {
    await clock.sleep(20)
    lock = takeLock(stateDir)
  }
  if (!lock) process.exit(0)
  const ledger = new Ledger(stateDir)
  const prober = new Prober({ clock, scopes: new ScopeIndexes(ownNetns) })
  const renewer = new RouteRenewer({ clock, links: () => prober.allLinkSockets() })
  const book = new ChangeBook({ clock, renewer }, ledger)
  const hastener = new Hastener({ clock, socketsOf: (node) => prober.linkSockets(node) })
  // Before the gate: what is overdue is undone whether or not anybody may do anything else.
  book.recover()
  const gate = await openGate(ledger.entries())
  const server = new HostServer({ clock, book, gate, prober, hastener })
  const leave = async () => {
    server.close()
    await gate[Symbol.asyncDispose]()
    ledger.close()
    lock?.close()
    process.exit(0)
  }
  // Asked to end, it ends; but a Ctrl-C or a shutdown must not take a rollback with it.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => book.idle && leave())
  await server.listen(join(stateDir, 'executor.sock'))
  let emptySince = clock.now()
  setInterval(() => {
    if (server.clients > 0 || !book.idle) emptySince = clock.now()
    if (clock.now() - emptySince >= LINGER_MS) void leave()
  }, 100)
}

/**
 * A database that nobody else may open, as a lock: the kernel lets go of it when the process ends, however it
 * ends, and it counts across namespaces. Undefined where another process has it.
 */
function takeLock(dir: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(join(dir, 'executor.lock'))
  try {
    lock.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; COMMIT')
    return lock
  } catch {
    lock.close()
    return undefined
  }
}
