// A process that appends to an audit log, several at a time, until somebody kills it. It notes in the diary what was
// acknowledged, before it does the next thing.
import { openSync, writeSync } from 'node:fs'
import { entropySeed, RealClock, randomIds, seededRandom } from '../../src/core/index.ts'
import { AuditLog, loadSigner } from '../../src/security/index.ts'

const [, , file = '', diary = '', run = '0'] = process.argv
const ids = randomIds(seededRandom(entropySeed()))
const fd = openSync(diary, 'a')
const signer = loadSigner({ ids }, `${file}.key`)
const log = await AuditLog.open({ clock: new RealClock(), ids, signer }, { file })

const write = async (who: number) => {
  for (let n = 0; ; n++) {
    const { seq } = await log.append({ kind: 'decision', name: `${run}/${who}/${n}` })
    writeSync(fd, `${seq} ${run}/${who}/${n}\n`)
  }
}
await Promise.all([0, 1, 2, 3].map(write))
