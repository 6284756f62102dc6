import { rmSync } from 'node:fs'
import { z } from 'zod'
import { type Clock, hasCode, meshSwarmError } from '../../../../core/index.ts'
import { parseLine } from '../parser.ts'
import { BabelSocket } from '../socket.ts'
import { runIn } from './exec.ts'
import type { NodePlace } from './node-place.ts'
import { findDaemons, signalProcess, startDetached } from './processes.ts'
import type { RouteRenewer } from './route-renewer.ts'
import { demoteStaleRoutes } from './stale-routes.ts'
import { startCommand } from './start-command.ts'

/** One thing to do on a node, as data: what is written to the books before it is done, and undone by. */
export const StepSchema = z.discriminatedUnion('do', [
  z.object({ do: z.literal('run'), argv: z.array(z.string()).min(1) }),
  /** A statement for the daemon's control socket; `lenient` takes its `no` for done. */
  z.object({ do: z.literal('babel'), statement: z.string(), lenient: z.boolean().optional() }),
  z.object({ do: z.literal('expect-interface'), iface: z.string(), present: z.boolean() }),
  z.object({ do: z.literal('restart-daemon'), rxcost: z.number().optional() }),
  z.object({ do: z.literal('resume-daemon') }),
  z.object({ do: z.literal('renew-routes') }),
])
export type Step = z.infer<typeof StepSchema>

/** What steps are done with. */
export interface StepTools {
  readonly clock: Clock
  readonly renewer: Pick<RouteRenewer, 'renew'>
}

/** Does the steps in order and stops at the first that fails, with its error. */
export async function doSteps(
  { clock, renewer }: StepTools,
  place: NodePlace,
  steps: readonly Step[],
): Promise<void> {
  let connection: BabelSocket | undefined
  const seen: string[] = []
  const talk = async () => {
    connection ??= await BabelSocket.open(clock, place.socket, { onLine: (line) => seen.push(line) })
    return connection
  }
  try {
    for (const step of steps) {
      if (step.do === 'run') await runIn(place, step.argv)
      else if (step.do === 'babel') await say(await talk(), step)
      else if (step.do === 'expect-interface') {
        seen.length = 0
        await (await talk()).request('dump')
        expectInterface(place, seen, step)
      } else if (step.do === 'restart-daemon') await restart(clock, place, step.rxcost)
      else if (step.do === 'renew-routes') await renewer.renew(place)
      else resume(place)
    }
  } finally {
    connection?.close()
  }
}

async function say(
  connection: BabelSocket,
  step: { statement: string; lenient?: boolean | undefined },
): Promise<void> {
  try {
    await connection.request(step.statement)
  } catch (error) {
    if (!(step.lenient && hasCode(error, 'INVALID_ACTION'))) throw error
  }
}

function expectInterface(
  place: NodePlace,
  lines: readonly string[],
  step: { iface: string; present: boolean },
): void {
  const present = lines.some((line) => {
    const parsed = parseLine(line)
    return parsed.kind === 'event' && parsed.object.type === 'interface' && parsed.object.name === step.iface
  })
  if (present === step.present) return
  const how = step.present ? 'did not take the interface' : 'did not let go of the interface'
  throw meshSwarmError('UNAVAILABLE', `The daemon of ${place.node} ${how} ${step.iface}.`)
}

/** Ends what is left of the daemon, hung or not, and starts it anew; done when it greets. */
async function restart(clock: Clock, place: NodePlace, rxcost: number | undefined): Promise<void> {
  const { socket } = place
  if (!place.start)
    throw meshSwarmError('ACTION_UNSUPPORTED', `${place.node}: the inventory has no start command.`)
  const old = findDaemons(new Set([socket])).get(socket)
  if (old && signalProcess(old, 'SIGKILL')) await clock.sleep(5)
  rmSync(socket, { force: true })
  await demoteStaleRoutes(place)
  startDetached(place, startCommand(place.start, rxcost), `${socket}.log`)
  const deadline = clock.now() + 5000
  for (;;) {
    try {
      const connection = await BabelSocket.open(clock, socket, { answerWithinMs: 1000 })
      connection.close()
      return
    } catch (error) {
      if (clock.now() > deadline) throw error
      await clock.sleep(10)
    }
  }
}

function resume(place: NodePlace): void {
  const { socket } = place
  const daemon = findDaemons(new Set([socket])).get(socket)
  if (daemon && signalProcess(daemon, 'SIGCONT')) return
  throw meshSwarmError('DAEMON_UNAVAILABLE', `${place.node} has no routing daemon to resume: restart it.`)
}
