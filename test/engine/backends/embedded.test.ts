import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { entropySeed, RealClock, randomIds, seededRandom, swarmId } from '../../../src/core/index.ts'
import { EmbeddedBackend } from '../../../src/engine/index.ts'
import { SMALL_MAIL } from '../../compliance/mail.ts'
import { describeSwarmBackend } from '../../compliance/swarm-backend.ts'

const clock = new RealClock()
const ids = randomIds(seededRandom(entropySeed()))

describeSwarmBackend('embedded', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-backend-'))
  return {
    clock,
    open: () => EmbeddedBackend.open({ clock, ids }, { file: join(directory, 'swarm.db'), mail: SMALL_MAIL }),
    remove: async () => rmSync(directory, { recursive: true, force: true }),
  }
})

test('a database that is damaged is set aside together with its large values', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-backend-'))
  const file = join(directory, 'swarm.db')
  const swarm = swarmId('red')
  const before = await EmbeddedBackend.open({ clock, ids }, { file })
  const hash = await before.blobs.put(swarm, 'large')
  await before.close()
  writeFileSync(file, 'no database')
  const after = await EmbeddedBackend.open({ clock, ids }, { file })
  try {
    await expect(after.blobs.get(swarm, hash)).rejects.toMatchObject({ code: 'INVARIANT' })
    expect(existsSync(`${after.damage?.movedTo}-blobs`)).toBe(true)
  } finally {
    await after.close()
    rmSync(directory, { recursive: true, force: true })
  }
})
