import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { entropySeed, RealClock, randomIds, seededRandom } from '../../../src/core/index.ts'
import { EmbeddedBackend } from '../../../src/engine/index.ts'
import { SMALL_MAIL } from '../../compliance/mail.ts'
import { describeSwarmBackend } from '../../compliance/swarm-backend.ts'

const clock = new RealClock()
const ids = randomIds(seededRandom(entropySeed()))

describeSwarmBackend('embedded', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-backend-'))
  return {
    clock,
    open: () => EmbeddedBackend.open({ clock, ids }, { file: join(directory, 'swarm.db'), mail: SMALL_MAIL }),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  }
})
