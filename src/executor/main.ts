import { entropySeed, RealClock, randomIds, seededRandom } from '../core/index.ts'
import { serveExecutor } from '../mesh/index.ts'
import { NodeAuthority } from '../security/index.ts'

/**
 * The executor of the nodes on this machine, behind their gate: `node main.ts STATE_DIR AUTHORITY_DIR [own-netns]`.
 * Started detached by the driver; see `serveExecutor`.
 */
const [, , stateDir, directory, namespace] = process.argv
if (stateDir === undefined || directory === undefined) {
  process.stderr.write('usage: main.ts STATE_DIR AUTHORITY_DIR\n')
  process.exit(2)
}
const clock = new RealClock()
const ids = randomIds(seededRandom(entropySeed()))
await serveExecutor(
  { clock, openGate: (past) => NodeAuthority.open({ clock, ids }, { directory, past }) },
  { stateDir, ownNetns: namespace === 'own-netns' },
)
