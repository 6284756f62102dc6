// The rule: a durable message is in the store when its call resolves; whoever has the name of the agent next gets it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
  type AgentId,
  agentId,
  entropySeed,
  RealClock,
  randomIds,
  seededRandom,
  swarmId,
} from '../../src/core/index.ts'
import { EmbeddedBackend } from '../../src/engine/index.ts'
import { type Letter, type Mailbox, Swarm, SwarmOrchestrator } from '../../src/swarm/index.ts'

const NEVER = new AbortController().signal
const clock = new RealClock()
const random = seededRandom(1)
const ids = randomIds(seededRandom(entropySeed()))
const [ann, bob, eve] = [agentId('ann'), agentId('bob'), agentId('eve')]
const red = swarmId('red')
const durable = { durable: true }

let directory = ''
let backend: EmbeddedBackend
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-messages-'))
  backend = await open()
})
afterEach(async () => {
  await backend.close()
  rmSync(directory, { recursive: true, force: true })
})

const open = () =>
  EmbeddedBackend.open({ clock, ids }, { file: join(directory, 'swarm.db'), mail: { capacity: 4 } })

function swarmOf(swarm = red) {
  const agents = [ann, bob, eve].map((one) => ({ agentId: one, kind: 'monitor' as const }))
  const swarmed = new Swarm({ clock, backend }, { swarmId: swarm, agents })
  return { swarm: swarmed, a: swarmed.agent(ann), b: swarmed.agent(bob), e: swarmed.agent(eve) }
}

async function read(mailbox: Mailbox, count: number): Promise<Letter[]> {
  const letters: Letter[] = []
  while (letters.length < count) {
    const letter = await mailbox.receive(NEVER)
    if (letter) letters.push(letter)
  }
  return letters
}
const bodies = (letters: readonly Letter[]) => letters.map(({ body }) => body)

it('is read like any other, in the order of its sender', async () => {
  const { a, b } = swarmOf()
  await a.communicate(bob, 'plain 1')
  await a.communicate(bob, { durable: 2 }, durable)
  await a.communicate(bob, 'plain 3')
  const letters = await read(b.mailbox, 3)
  expect(bodies(letters)).toEqual(['plain 1', { durable: 2 }, 'plain 3'])
  expect(letters.map(({ seq, delivery }) => [seq, delivery])).toEqual([
    [1, 1],
    [2, 1],
    [3, 1],
  ])
  for (const letter of letters) expect(await letter.acknowledge()).toBe(true)
  const waiting = read(b.mailbox, 1)
  await a.communicate(bob, 'wakes', durable)
  expect(bodies(await waiting)).toEqual(['wakes'])
})

it('waits for the agent of the same name in the next process, unless it was acknowledged', async () => {
  const first = swarmOf()
  await first.b.subscribe('news')
  for (const n of [1, 2, 3]) await first.a.communicate(bob, n, durable)
  const [one, two] = await read(first.b.mailbox, 2)
  await one?.acknowledge()
  await first.a.publish('news', 'in memory')
  await first.swarm.terminate()
  await backend.close()
  backend = await open()
  const { a, b } = swarmOf()
  expect(await a.publish('news', 'plain')).toBe(1)
  expect(await a.publish('news', 4, durable)).toBe(1)
  const letters = await read(b.mailbox, 4)
  expect(letters.map(({ body, delivery }) => [body, delivery])).toEqual([
    [2, 2],
    [3, 1],
    ['plain', 1],
    [4, 1],
  ])
  expect(letters[3]?.topic).toBe('news')
  expect(await two?.acknowledge().catch(({ code }) => code)).toBe('UNAVAILABLE')
})

it('is not for another swarm, and none is left of a swarm that is forgotten', async () => {
  const [one, other] = [swarmOf(), swarmOf(swarmId('blue'))]
  await one.a.communicate(bob, 'for red', durable)
  await other.a.communicate(bob, 'for blue', durable)
  expect(bodies(await read(other.b.mailbox, 1))).toEqual(['for blue'])
  await backend.forget(red)
  expect(await backend.mail.mailboxes(red)).toEqual([])
})

it('is not lost, and not delivered twice, by one who is cancelled while it comes out of the store', async () => {
  const { a, b } = swarmOf()
  await a.communicate(bob, 1, durable)
  await read(b.mailbox, 1)
  await a.communicate(bob, 2, durable)
  const stop = new AbortController()
  const given = expect(b.mailbox.receive(stop.signal)).rejects.toMatchObject({ code: 'CANCELLED' })
  const waiting = b.mailbox.receive(NEVER)
  await new Promise((resolve) => setImmediate(resolve))
  stop.abort()
  await given
  expect(await waiting).toMatchObject({ body: 2, delivery: 1 })
})

it('wakes as many readers as there are letters, also of another process and at once', async () => {
  const { b } = swarmOf()
  const waiting = [read(b.mailbox, 1), read(b.mailbox, 1)]
  const send = (body: number) => backend.mail.send({ swarm: red, agent: bob }, { from: ann, body })
  // Both wait by then: the store answers in the order in which it was asked.
  await backend.mail.mailboxes(red)
  await Promise.all([send(1), send(2)])
  const letters = (await Promise.all(waiting)).flat()
  expect(bodies(letters)).toEqual([1, 2])
})

it('of another process comes behind one of this process that had not been read', async () => {
  const { a, b } = swarmOf()
  await a.communicate(bob, 'from here', durable)
  await backend.mail.send({ swarm: red, agent: bob }, { from: eve, body: 'from there' })
  expect(bodies(await read(b.mailbox, 2))).toEqual(['from here', 'from there'])
})

it('does not overtake what was sent before it while its mailbox is read for the first time', async () => {
  // The store has it, and its sender hears of that late.
  const mail = new Proxy(backend.mail, {
    get: (target, name) => {
      const method = Reflect.get(target, name).bind(target)
      if (name !== 'send') return method
      return async (...given: unknown[]) => {
        const id = await method(...given)
        await clock.sleep(20)
        return id
      }
    },
  })
  const agents = [ann, bob].map((one) => ({ agentId: one, kind: 'monitor' as const }))
  const swarm = new Swarm({ clock, backend: { mail } }, { swarmId: red, agents })
  await swarm.agent(ann).communicate(bob, 'first')
  const sending = swarm.agent(ann).communicate(bob, 'second', durable)
  await backend.mail.mailboxes(red)
  expect(bodies(await read(swarm.agent(bob).mailbox, 2))).toEqual(['first', 'second'])
  await sending
})

it('is refused where it does not fit, and nothing has happened then', async () => {
  const { a, b, swarm } = swarmOf()
  const itself: unknown[] = []
  itself.push(itself)
  for (const body of [undefined, { at: new Date() }, () => 1, Number.NaN, 1n, itself, 'x'.repeat(70_000)])
    await expect(a.communicate(bob, body, durable)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
  await expect(a.communicate(agentId('x'), 1, durable)).rejects.toMatchObject({ code: 'AGENT_NOT_FOUND' })
  for (const n of [1, 2, 3, 4]) await a.communicate(bob, n, durable)
  await expect(a.communicate(bob, 5, durable)).rejects.toMatchObject({ code: 'INSUFFICIENT_RESOURCES' })
  expect(bodies(await read(b.mailbox, 4))).toEqual([1, 2, 3, 4])
  expect(swarm.lostLetters).toMatchObject([{ to: 'x', reason: 'stranger' }])
  expect(await backend.mail.deadLetters(red)).toEqual([])
})

it('that expires, or whose agent has left, is a dead letter of the store', async () => {
  const { a, swarm } = swarmOf()
  await a.communicate(bob, 'late', { durable: true, ttlMs: 1 })
  await clock.sleep(3)
  await a.communicate(eve, 'gone', durable)
  await swarm.scale(2)
  const dead = await backend.mail.deadLetters(red)
  expect(dead.map(({ to, body, reason }) => [to.agent, body, reason])).toEqual([
    [bob, 'late', 'expired'],
    [eve, 'gone', 'gone'],
  ])
})

it('is with one process at a time: the mailbox of the one before says so, and still gives what was in memory', async () => {
  const [before, now] = [swarmOf(), swarmOf()]
  await before.a.communicate(bob, 'old', durable)
  expect(bodies(await read(before.b.mailbox, 1))).toEqual(['old'])
  expect(await read(now.b.mailbox, 1)).toMatchObject([{ body: 'old', delivery: 2 }])
  await before.a.communicate(bob, 'in memory')
  expect(bodies(await read(before.b.mailbox, 1))).toEqual(['in memory'])
  await expect(before.b.mailbox.receive(NEVER)).rejects.toMatchObject({ code: 'CONFLICT' })
})

it('says UNAVAILABLE to whoever reads or sends when the store is closed', async () => {
  const { a, b } = swarmOf()
  const reading = expect(b.mailbox.receive(NEVER)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
  await read(a.mailbox, 0)
  await backend.close()
  await reading
  await expect(a.communicate(bob, 1, durable)).rejects.toMatchObject({ code: 'UNAVAILABLE' })
})

it('is there for the agents with which a task is adopted', async () => {
  const task = { steps: [{ id: 'one', tool: 'value' }] }
  const make = () => new SwarmOrchestrator({ backend, clock, random, ids, tools: new Map() })
  const first = make()
  const id = await first.createSwarm({ task, agents: 2 })
  const [sender, target] = first.swarm(id).agents
  await sender?.communicate(target?.agentId ?? bob, 'remember', durable)
  await first.close()
  const second = make()
  const again = await second.adopt(id, 2)
  expect(bodies(await read(again.agent(target?.agentId ?? bob).mailbox, 1))).toEqual(['remember'])
  await second.close()
})

it('keeps the order of each sender in any mixture with those in memory', async () => {
  const act = fc.constantFrom<['send', AgentId, boolean] | ['read']>(
    ['send', ann, true],
    ['send', ann, false],
    ['send', eve, true],
    ['send', eve, false],
    ['read'],
  )
  let round = 0
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 25 }), async (acts) => {
      const { swarm, b } = swarmOf(swarmId(`swarm-${round++}`))
      const [sent, seen] = [new Map<AgentId, number[]>(), new Map<AgentId, unknown[]>()]
      const reading: Promise<void>[] = []
      const note = async () => {
        const letter = await b.mailbox.receive(NEVER)
        if (!letter) return
        seen.set(letter.from, [...(seen.get(letter.from) ?? []), letter.body])
        await letter.acknowledge()
      }
      for (const [n, [kind, from, stored]] of acts.entries()) {
        if (kind === 'read') {
          // One after the other, and beside what is sent.
          reading.push((reading.at(-1) ?? Promise.resolve()).then(note))
          continue
        }
        const done = swarm.agent(from).communicate(bob, n, { durable: stored })
        const code = await done.then(
          () => undefined,
          (error) => error.code,
        )
        if (code) expect(code).toBe('INSUFFICIENT_RESOURCES')
        else sent.set(from, [...(sent.get(from) ?? []), n])
      }
      const count = [...sent.values()].flat().length
      for (let n = reading.length; n < count; n++)
        reading.push((reading.at(-1) ?? Promise.resolve()).then(note))
      await Promise.all(reading.slice(0, count))
      expect(seen).toEqual(sent)
      await swarm.terminate()
      await Promise.all(reading)
    }),
    { numRuns: 60 },
  )
})
