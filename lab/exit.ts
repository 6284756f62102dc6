import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const HELPER = fileURLToPath(new URL('./down-main.ts', import.meta.url))
const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP']

/** Labs that go down with this process, by state folder. */
const ephemeral = new Map<string, string>()

/**
 * Takes the lab down when this process ends: normally, by an uncaught error, or by a signal. A signal that the
 * program listens to itself is left to the program, and the lab goes when the program exits.
 */
export function tearDownWithProcess(name: string, stateDir: string): void {
  if (ephemeral.size === 0) {
    process.on('exit', tearDownNow)
    for (const signal of SIGNALS) process.on(signal, onSignal)
  }
  ephemeral.set(stateDir, name)
}

/** The lab is down already, or is kept. A second call does nothing. */
export function forgetEphemeral(stateDir: string): void {
  if (!ephemeral.delete(stateDir) || ephemeral.size > 0) return
  process.off('exit', tearDownNow)
  for (const signal of SIGNALS) process.off(signal, onSignal)
}

/** At exit only synchronous work is left to a process, so another one does the work. */
function tearDownNow(): void {
  for (const [stateDir, name] of ephemeral) {
    spawnSync(process.execPath, [HELPER, name, stateDir], { stdio: ['ignore', 'ignore', 'inherit'] })
  }
  ephemeral.clear()
}

function onSignal(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  tearDownNow()
  for (const name of SIGNALS) process.off(name, onSignal)
  process.kill(process.pid, signal)
}
