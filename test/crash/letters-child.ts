// A process in which one agent writes durable letters to another, which reads and acknowledges them, until somebody
// kills it. Each says in the diary what it has done; an entry is there before the next thing is done.
import { openSync, writeSync } from 'node:fs'
import {
  agentId,
  entropySeed,
  hasCode,
  RealClock,
  randomIds,
  seededRandom,
  swarmId,
} from '../../src/core/index.ts'
import { EmbeddedBackend } from '../../src/engine/index.ts'
import { Swarm } from '../../src/swarm/index.ts'

const [, , file = '', diary = '', run = '0'] = process.argv
const clock = new RealClock()
const fd = openSync(diary, 'a')
const note = (what: string, letter: unknown) => writeSync(fd, `${what} ${letter}\n`)

const ids = randomIds(seededRandom(entropySeed()))
const backend = await EmbeddedBackend.open({ clock, ids }, { file, mail: { capacity: 50 } })
const [writer, reader] = [agentId('writer'), agentId('reader')]
const agents = [writer, reader].map((one) => ({ agentId: one, kind: 'monitor' as const }))
const swarm = new Swarm({ clock, backend }, { swarmId: swarmId('red'), agents })
await swarm.agent(reader).subscribe('news')

const write = async () => {
  for (let n = 0; ; n++) {
    const letter = `${run}/${n}`
    try {
      if (n % 4 === 3) await swarm.agent(writer).publish('news', letter, { durable: true })
      else await swarm.agent(writer).communicate(reader, letter, { durable: true })
      note('sent', letter)
    } catch (error) {
      if (!hasCode(error, 'INSUFFICIENT_RESOURCES')) throw error
      await clock.sleep(1)
    }
  }
}
const read = async () => {
  for await (const letter of swarm.agent(reader).mailbox) {
    note('read', letter.body)
    await letter.acknowledge()
    note('acknowledged', letter.body)
  }
}
await Promise.all([write(), read()])
