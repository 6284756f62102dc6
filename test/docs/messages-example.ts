import { agentId, entropySeed, RealClock, randomIds, seededRandom, swarmId } from '../../src/core/index.ts'
import { EmbeddedBackend } from '../../src/engine/index.ts'
import { Swarm } from '../../src/swarm/index.ts'

const clock = new RealClock()
const ids = randomIds(seededRandom(entropySeed()))
const backend = await EmbeddedBackend.open({ clock, ids }, { file: process.argv[2] ?? 'swarm.db' })
const agents = ['scout', 'judge'].map((name) => ({ agentId: agentId(name), kind: 'analyst' as const }))
const swarm = new Swarm({ clock, backend }, { swarmId: swarmId('watch'), agents })
const scout = swarm.agent(agentId('scout'))
const judge = swarm.agent(agentId('judge'))

await judge.subscribe('findings')
await scout.publish('findings', { node: 'n7', loss: 0.2 }, { durable: true })
const verdict = scout.request(judge.agentId, 'n7?', { deadlineMs: 5000 }, new AbortController().signal)
for await (const letter of judge.mailbox) {
  if (letter.topic !== undefined) console.log(letter.from, 'found', letter.evidence().quoted())
  else letter.reply('look at it')
  await letter.acknowledge()
  if (judge.mailbox.size === 0) break
}
console.log('judge says', await verdict)

await swarm.terminate()
await backend.close()
