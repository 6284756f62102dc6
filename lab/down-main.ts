/** `node down-main.ts NAME STATEDIR`: takes a lab down. Run by a process that is ending (see exit.ts). */
import { Lab } from './lab.ts'

// A Ctrl-C in a terminal reaches this process too, and it has to finish its work.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
const [name = 'default', stateDir] = process.argv.slice(2)
await Lab.down(stateDir === undefined ? { name } : { name, stateDir })
