import { createHash } from 'node:crypto'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { RealClock } from '../../../../core/index.ts'
import { ChangeBook } from './change-book.ts'
import { Ledger } from './ledger.ts'
import { Prober } from './prober.ts'
import { HostServer } from './server.ts'

/**
 * The executor of the nodes on this machine: `node main.ts STATE_DIR`. Started detached by the driver, it serves
 * on STATE_DIR/executor.sock, outlives who started it and ends when nobody is connected and nothing has to be
 * undone. One for a state directory: a second one ends at once.
 */
const [, , stateDir] = process.argv
/** How long to wait for the first, or the next, coordinator. */
const LINGER_MS = 2000

async function main(dir: string): Promise<void> {
  process.umask(0o077)
  if (!(await takeLock(dir))) process.exit(0)
  const clock = new RealClock()
  const ledger = new Ledger(dir)
  const book = new ChangeBook(clock, ledger)
  const prober = new Prober(clock)
  const server = new HostServer({ clock, book, prober })
  const leave = () => {
    server.close()
    ledger.close()
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

/** An abstract socket as a lock: the kernel lets go of it when the process ends, however it ends. */
function takeLock(dir: string): Promise<boolean> {
  return new Promise((resolve) => {
    const lock = createServer((socket) => socket.destroy())
    lock.once('error', () => resolve(false))
    const name = createHash('sha256').update(dir).digest('hex').slice(0, 32)
    lock.listen(`\0meshswarm-executor-${name}`, () => resolve(true))
  })
}

if (stateDir === undefined) {
  process.stderr.write('usage: main.ts STATE_DIR\n')
  process.exit(2)
}
await main(stateDir)
