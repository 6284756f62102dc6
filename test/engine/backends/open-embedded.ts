import { entropySeed, RealClock, randomIds, seededRandom } from '../../../src/core/index.ts'
import { EmbeddedBackend } from '../../../src/engine/index.ts'
import type { OpenBackend } from '../../compliance/chaos-child.ts'

const clock = new RealClock()
const ids = randomIds(seededRandom(entropySeed()))

/** The store in the file, opened by this process. */
export const open: OpenBackend = (file) => EmbeddedBackend.open({ clock, ids }, { file })
