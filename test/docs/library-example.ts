import { entropySeed, RealClock, randomIds, seededRandom } from '../../src/core/index.ts'
import { EmbeddedBackend, machineTools, type Tool } from '../../src/engine/index.ts'
import { SwarmOrchestrator } from '../../src/swarm/index.ts'

const clock = new RealClock()
const random = seededRandom(entropySeed())
const ids = randomIds(random)
const shout: Tool = { name: 'shout', idempotent: true, run: ({ input }) => String(input).toUpperCase() }
const tools = new Map([...machineTools({ clock }), [shout.name, shout]])

const backend = await EmbeddedBackend.open({ clock, ids }, { file: process.argv[2] ?? 'swarm.db' })
const swarms = new SwarmOrchestrator({ backend, clock, random, ids, tools })
const stop = new AbortController()
process.once('SIGINT', () => stop.abort())

const words = ['mesh', 'swarm'].map((word) => ({ id: word, tool: 'shout', input: word }))
const all = { id: 'all', tool: 'value', input: words.map(({ id }) => ({ $result: id })) }
const swarm = await swarms.createSwarm({ task: { steps: [...words, all] }, agents: 2 })
const { outcome, results, speedUpBound } = await swarms.coordinateAgents(swarm, {}, stop.signal)
console.log(outcome, JSON.stringify([...results.values()].at(-1)), `at most ${speedUpBound.toFixed(1)} x`)

await swarms.close()
await backend.close()
