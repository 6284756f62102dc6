// A process that has 1500 steps in the air, a hundred of them programs, cancels the task and closes everything. It
// says what is still open then; when it has nothing to wait for, it ends by itself.
import { entropySeed, RealClock, randomIds, seededRandom } from '../../src/core/index.ts'
import { EmbeddedBackend, machineTools } from '../../src/engine/index.ts'
import { SwarmOrchestrator } from '../../src/swarm/index.ts'

const [, , file = '', program = 'sleep'] = process.argv
const clock = new RealClock()
const random = seededRandom(entropySeed())
const ids = randomIds(random)
const backend = await EmbeddedBackend.open({ clock, ids }, { file })
const begun = new Set<string>()
const tools = new Map([...machineTools({ clock })])
const command = tools.get('command')
if (command)
  tools.set('command', {
    ...command,
    run: (call, signal) => {
      begun.add(call.step)
      return command.run(call, signal)
    },
  })
const swarms = new SwarmOrchestrator({ backend, clock, random, ids, tools })
const steps = Array.from({ length: 1500 }, (_, n) => ({
  ...{ id: `s${n}`, tool: 'command', input: { argv: [program, '600'] } },
}))
const swarm = await swarms.createSwarm({ task: { steps }, agents: 100 })
const running = swarms.coordinateAgents(swarm, {}, new AbortController().signal)
while (begun.size < 100) await clock.sleep(10)
const cancelledAt = clock.now()
await swarms.terminateSwarm(swarm)
const { outcome } = await running
await backend.close()
const tookMs = clock.now() - cancelledAt
await new Promise((resolve) => setImmediate(resolve))
process.stdout.write(`${JSON.stringify({ outcome, tookMs, open: process.getActiveResourcesInfo() })}\n`)
