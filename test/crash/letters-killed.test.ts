// The rule: after `kill -9` at any moment a durable letter that was sent still comes, or is a dead letter; one that was
// acknowledged never comes again.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { agentId, entropySeed, RealClock, randomIds, seededRandom, swarmId } from '../../src/core/index.ts'
import { EmbeddedBackend } from '../../src/engine/index.ts'

const CHILD = fileURLToPath(new URL('./letters-child.ts', import.meta.url))
const KILLS = 12

test('letters of a process that is killed again and again', { timeout: 110_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-letters-'))
  const [file, diary] = [join(directory, 'swarm.db'), join(directory, 'diary')]
  writeFileSync(diary, '')
  const entries = () =>
    readFileSync(diary, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => line.split(' ') as [string, string])
  const seed = entropySeed()
  const random = seededRandom(seed)
  try {
    for (let run = 0; run < KILLS; run++) {
      const mark = entries().length
      const child = spawn(process.execPath, [CHILD, file, diary, String(run)], { stdio: 'inherit' })
      const ended = new Promise((resolve) => child.once('close', resolve))
      // Now and then before the first letter.
      while (run % 4 !== 0 && entries().length === mark && child.exitCode === null) await delay(2)
      await delay(random.next() * 400)
      expect(child.exitCode, `seed ${seed}: ended by itself`).toBeNull()
      child.kill('SIGKILL')
      await ended
    }
    const of = (what: string) => entries().flatMap(([kind, letter]) => (kind === what ? [letter] : []))
    const left: string[] = []
    const ids = randomIds(random)
    await using backend = await EmbeddedBackend.open({ clock: new RealClock(), ids }, { file })
    const red = swarmId('red')
    const reader = await backend.mail.open({ swarm: red, agent: agentId('reader') })
    for (let letter = await reader.take(); letter; letter = await reader.take())
      left.push(String(letter.body))
    const dead = (await backend.mail.deadLetters(red)).map(({ body }) => String(body))

    const [sent, read, acknowledged] = [of('sent'), [...of('read'), ...left], of('acknowledged')]
    expect(sent.length).toBeGreaterThan(KILLS)
    const came = new Set([...read, ...dead])
    expect(
      sent.filter((letter) => !came.has(letter)),
      `seed ${seed}: lost`,
    ).toEqual([])
    const known = new Set(acknowledged)
    expect(known.size, `seed ${seed}: acknowledged twice`).toBe(acknowledged.length)
    expect(
      [...left, ...dead].filter((letter) => known.has(letter)),
      `seed ${seed}: again`,
    ).toEqual([])
    const inOrder = (a: string, b: string) => a.localeCompare(b, 'en', { numeric: true })
    const first = [...new Set(read)]
    expect(first, `seed ${seed}: order`).toEqual(first.toSorted(inOrder))
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
