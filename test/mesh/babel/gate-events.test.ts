// The rule: whoever watches real nodes hears of each change of their gate, and of the present state after each connection.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { agentId, incidentId, RealClock } from '../../../src/core/index.ts'
import { ExecutorClient } from '../../../src/mesh/drivers/babel/executor-client.ts'
import type { ChangeBook } from '../../../src/mesh/drivers/babel/host/change-book.ts'
import type { Hastener } from '../../../src/mesh/drivers/babel/host/hastener.ts'
import type { Prober } from '../../../src/mesh/drivers/babel/host/prober.ts'
import { HostServer } from '../../../src/mesh/drivers/babel/host/server.ts'
import type { GateState, NodeGate } from '../../../src/mesh/index.ts'

const clock = new RealClock()
const never = new AbortController().signal
let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-gate-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const SUSPENDED: GateState = {
  ...{ session: 'one', epoch: 4 },
  suspensions: [
    {
      ...{ id: incidentId('incident-1'), title: 'agent a asks', openedAt: 1, suspended: ['agent a'] },
      ...{ agents: [agentId('a')], evidence: ['8 of 8'] },
    },
  ],
}

/** An executor without nodes, whose gate says what a test wants. */
async function executor(state: GateState) {
  const listeners = new Set<(state: GateState) => void>()
  const gate = {
    state,
    onChange: (listener: (state: GateState) => void) => listeners.add(listener),
  } as unknown as NodeGate
  const idle = { setNodes: () => {}, stop: () => {}, close: async () => {} }
  const [book, prober, hastener] = [{} as ChangeBook, idle as unknown as Prober, idle as unknown as Hastener]
  const server = new HostServer({ clock, book, gate, prober, hastener })
  await server.listen(join(directory, 'executor.sock'))
  const say = (next: GateState) => {
    for (const listener of listeners) listener(next)
  }
  return { server, say }
}

test('a verdict, a halt, and what another executor says when it takes over', async () => {
  const heard: GateState[] = []
  const until = async (count: number) => {
    while (heard.length < count) await clock.sleep(5)
    return heard.at(-1)
  }
  const first = await executor({ session: 'one', epoch: 4, suspensions: [] })
  const client = new ExecutorClient(clock, {
    program: { file: '', args: [] },
    stateDir: directory,
    inventory: { version: 1, mesh: 'babel', nodes: [{ id: 'n1', address: 'fd00::1' }] },
    onDaemons: () => {},
    onGate: (state) => heard.push(state),
  })
  await client.open(never)
  expect(await until(1)).toEqual({ session: 'one', epoch: 4, suspensions: [] })
  first.say(SUSPENDED)
  expect(await until(2)).toEqual(SUSPENDED)
  expect(await client.gate(never)).toEqual(SUSPENDED)
  first.say({ ...SUSPENDED, epoch: 5, closed: 'halted' })
  expect(await until(3)).toEqual({ ...SUSPENDED, epoch: 5, closed: 'halted' })
  first.server.close()
  const second = await executor({ ...SUSPENDED, session: 'two' })
  expect(await until(4)).toEqual({ ...SUSPENDED, session: 'two' })
  await client.close()
  second.server.close()
})
