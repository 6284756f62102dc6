// The rule: a person sees which letters wait and which are dead and why, and can bring a dead one back.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { agentId, entropySeed, RealClock, randomIds, seededRandom, swarmId } from '../../src/core/index.ts'
import { EmbeddedBackend } from '../../src/engine/index.ts'
import { meshswarm as program } from './harness.ts'

const clock = new RealClock()
const survey = swarmId('survey')
const [ann, bob, eve] = [agentId('ann'), agentId('bob'), agentId('eve')]
let directory = ''
let store = ''
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-letters-'))
  store = join(directory, 'tasks.db')
  const ids = randomIds(seededRandom(entropySeed()))
  await using backend = await EmbeddedBackend.open({ clock, ids }, { file: store })
  const { mail } = backend
  await mail.subscribe({ swarm: survey, agent: bob }, 'news')
  await mail.send({ swarm: survey, agent: eve }, { from: ann, body: { node: 'n7\u001b[31m' } })
  await mail.remove({ swarm: survey, agent: eve })
  for (const body of ['one', 'two']) await mail.send({ swarm: survey, agent: bob }, { from: ann, body })
  await (await mail.open({ swarm: survey, agent: bob })).take()
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const letters = (...argv: readonly string[]) =>
  program(['letters', ...argv, '--store', store], { clock, columns: 100 })

async function onlyDead() {
  const { out } = await letters('survey', '--dead', '--json')
  return JSON.parse(out)
}

test('says what waits for whom, and that some are dead', async () => {
  const { code, out, err } = await letters('survey')
  expect([code, err]).toEqual([0, ''])
  expect(out).toMatch(/^agent +wait +taken +oldest +topics\nbob +1 +1 +20\S+Z +news\n1 dead letter: /)
  expect(JSON.parse((await letters('survey', '--json')).out)).toMatchObject([
    { agent: 'bob', waiting: 1, taken: 1, topics: ['news'] },
  ])
})

test('says with --dead which ones reached nobody and why, without what steers a terminal', async () => {
  const { out } = await letters('survey', '--dead')
  expect(out).toMatch(/^ *id +why +died +from +to +topic +body\n *1 +gone +20\S+Z +ann +eve +\{"node":"n7/)
  expect(out).not.toContain('\u001b')
  expect(await onlyDead()).toMatchObject([{ id: 1, reason: 'gone', from: 'ann', to: { agent: 'eve' } }])
})

test('puts a dead one into its mailbox again, or drops it', async () => {
  expect((await letters('survey', '--redeliver', '1')).out).toMatch(/^bob +1 +1 .*\neve +1 +0/m)
  expect(await onlyDead()).toEqual([])
  const again = await letters('survey', '--redeliver', '1')
  expect([again.code, again.err]).toEqual([
    2,
    expect.stringMatching(/INVALID_INPUT: There is no dead letter 1/),
  ])
})

test('drops a dead one, and none that waits', async () => {
  expect((await letters('survey', '--drop', '2')).code).toBe(2)
  expect((await letters('survey', '--redeliver', '1', '--drop', '1')).code).toBe(2)
  expect(await onlyDead()).toHaveLength(1)
  expect((await letters('survey', '--drop', '1', '--dead')).out).toBe('no dead letters\n')
  expect((await letters('survey')).out).toMatch(/^bob +1 +1/m)
})

test('says so where nobody knows the task', async () => {
  const { code, err } = await letters('nobody')
  expect([code, err]).toEqual([1, expect.stringMatching(/^error TASK_NOT_FOUND: There is no task nobody/)])
})
