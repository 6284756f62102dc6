// The rule: `drill attack` has flags of its own, beside those of `drill`, and stops when it is asked to.
import { expect, it } from 'vitest'
import { registerDrillCommand } from '../../lab/drill/command.ts'
import { meshswarm } from '../cli/harness.ts'

const commands = [registerDrillCommand]

it('says what it does not take', async () => {
  expect(await meshswarm(['drill', 'attack', '--seed', '0'], { commands })).toMatchObject({
    code: 2,
    out: '',
  })
  expect((await meshswarm(['drill', 'attack', '--nodes', '9'], { commands })).err).toContain('--nodes')
})

it('says that it is simulated before anything else, and stops', async () => {
  const ran = await meshswarm(['drill', 'attack', '--seed', '3'], { commands, signal: AbortSignal.abort() })
  expect(ran.code).toBe(130)
  expect(ran.out).toMatch(/^A simulated mesh of 1000 nodes with 100 agents, seed 3\./)
})

it('prints nothing but JSON where it is asked to, errors included', async () => {
  const ran = await meshswarm(['drill', 'attack', '--json'], { commands, signal: AbortSignal.abort() })
  expect(ran.out).toBe('')
  expect(JSON.parse(ran.err)).toMatchObject({ error: { code: 'CANCELLED' } })
})
