import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { RealClock } from '../../../../core/index.ts'
import { ChangeBook } from './change-book.ts'
import { Hastener } from './hastener.ts'
import { Ledger } from './ledger.ts'
import { Prober } from './prober.ts'
import { RouteRenewer } from './route-renewer.ts'
import { ScopeIndexes } from './scope-indexes.ts'
import { HostServer } from './server.ts'

/**
 * The executor of the nodes on this machine: `node main.ts STATE_DIR [own-netns]`. Started detached by the
 * driver, it serves on STATE_DIR/executor.sock, outlives who started it and ends when nobody is connected and
 * nothing has to be undone. One for a state directory: a second one ends by itself.
 */
const [, , stateDir, namespace] = process.argv
/** How long to wait for the first, or the next, coordinator. */
const LINGER_MS = 2000

async function main(dir: string): Promise<void> {
  process.umask(0o077)
  const clock = new RealClock()
  let lock = takeLock(dir)
  // One that is just being killed holds its lock for a moment yet.
  for (let tries = 0; !lock && tries < 50; tries++) {
    await clock.sleep(20)
    lock = takeLock(dir)
  }
  if (!lock) process.exit(0)
  const ledger = new Ledger(dir)
  const prober = new Prober({ clock, scopes: new ScopeIndexes(namespace === 'own-netns') })
  const renewer = new RouteRenewer({ clock, links: () => prober.allLinkSockets() })
  const book = new ChangeBook({ clock, renewer }, ledger)
  const hastener = new Hastener({ clock, socketsOf: (node) => prober.linkSockets(node) })
  const server = new HostServer({ clock, book, prober, hastener })
  const leave = () => {
    server.close()
    ledger.close()
    lock?.close()
    process.exit(0)
  }
  // Asked to end, it ends; but a Ctrl-C or a shutdown must not take a rollback with it.
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => book.idle && leave())
  book.recover()
  await server.listen(join(dir, 'executor.sock'))
  let emptySince = clock.now()
  setInterval(() => {
    if (server.clients > 0 || !book.idle) emptySince = clock.now()
    if (clock.now() - emptySince >= LINGER_MS) leave()
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

if (stateDir === undefined) {
  process.stderr.write('usage: main.ts STATE_DIR\n')
  process.exit(2)
}
await main(stateDir)
