// The rule: what the oracle of a node finds, whoever listens hears of at once; and only the root's word for a person ends it.
import { describe, expect, it } from 'vitest'
import { nodeId } from '../../../src/core/index.ts'
import type { GateState } from '../../../src/mesh/index.ts'
import { keyPair, signLift, signRequest } from '../../../src/security/index.ts'
import { A1, A2, applying, cost, type GateSetUp, hastening, NEVER, openGate } from './fixture.ts'

const suspended = { code: 'ACTION_DENIED', details: { reason: 'suspended' } }

/** A gate, and what whoever listens to it has heard. */
async function open(setUp: GateSetUp = {}) {
  const bench = await openGate({ swarm: { nodes: [nodeId('n1')] }, ...setUp })
  const heard: GateState[] = []
  bench.gate.onChange((state) => heard.push(state))
  let asked = 0
  const overstep = async () => {
    const before = heard.length
    for (let tries = 0; tries < 12 && heard.length === before; tries++)
      await bench.admit(A1, hastening(`x${asked++}`)).catch(() => undefined)
    return bench.gate.state.suspensions?.at(-1)?.id ?? ''
  }
  return Object.assign(bench, { heard, overstep })
}

describe('a verdict', () => {
  it('is told, with whom it suspends and why', async () => {
    await using bench = await open()
    const id = await bench.overstep()
    expect(bench.heard).toMatchObject([
      {
        suspensions: [
          {
            ...{ id, agents: [A1], openedAt: bench.clock.now() },
            title: `agent ${A1} asks for what no capability of it covers`,
            suspended: [`agent ${A1}`, expect.stringMatching(/^token [0-9a-f]+$/)],
            evidence: [expect.stringMatching(/^\d+ of \d+ different nodes asked for were out of scope/)],
          },
        ],
      },
    ])
    await bench.admit(A2, applying(cost('n1')))
  })

  it('that suspends nobody is told as well, and a person sees to it', async () => {
    await using bench = await open()
    for (let tries = 0; tries < 12 && bench.heard.length === 0; tries++) {
      const ask = applying(cost('n1'))
      const { token } = await bench.prove(A1, ask)
      const about = { action: ask.action.kind, node: ask.action.node }
      const at = { session: 'session-1', nonce: `${tries}`, at: bench.clock.now() }
      const request = signRequest({ token, ask: about, params: ask, ...at }, keyPair())
      await expect(bench.gate.admit(ask, { token, request }, NEVER)).rejects.toMatchObject({
        details: { reason: 'holder' },
      })
    }
    const [alarm] = bench.heard[0]?.suspensions ?? []
    expect(alarm).toMatchObject({ suspended: [], title: expect.stringContaining("without its holder's key") })
    await bench.admit(A1, applying(cost('n1')))
    await bench.gate.tell(signLift(alarm?.id ?? '', 'ann', bench.root))
    expect(bench.gate.state.suspensions).toEqual([])
  })
})

describe('a lift', () => {
  it('of the root ends the suspension that it names, once it is kept, and is told', async () => {
    let fails = true
    await using bench = await open({
      onLifted: () => {
        if (fails) throw new Error('disk full')
      },
    })
    const id = await bench.overstep()
    const lift = signLift(id, ' ann ', bench.root)
    await expect(bench.gate.tell(lift)).rejects.toThrow('disk full')
    await expect(bench.admit(A1, applying(cost('n1')))).rejects.toMatchObject(suspended)
    fails = false
    await bench.gate.tell(lift)
    expect(bench.lifts).toEqual([{ ...lift, by: 'ann' }])
    expect(bench.heard.at(-1)?.suspensions).toEqual([])
    await bench.admit(A1, applying(cost('n1')))
  })

  it('brought again does no harm, and lifts no later verdict', async () => {
    await using bench = await open()
    const first = await bench.overstep()
    const lift = signLift(first, 'ann', bench.root)
    await bench.gate.tell(lift)
    const second = await bench.overstep()
    expect(second).not.toBe(first)
    await expect(bench.gate.tell(lift)).rejects.toMatchObject({ code: 'INCIDENT_NOT_FOUND' })
    await expect(bench.admit(A1, applying(cost('n1')))).rejects.toMatchObject(suspended)
    expect(bench.lifts).toHaveLength(1)
  })

  it('of anybody else, or that was changed, lifts nobody', async () => {
    await using bench = await open()
    const id = await bench.overstep()
    const good = signLift(id, 'ann', bench.root)
    const denied = { code: 'ACTION_DENIED', details: { reason: 'signature' } }
    const other = signLift('incident-99', 'ann', bench.root)
    await expect(bench.gate.tell(signLift(id, 'ann', keyPair()))).rejects.toMatchObject(denied)
    await expect(bench.gate.tell({ ...good, by: 'bob' })).rejects.toMatchObject(denied)
    await expect(bench.gate.tell({ ...other, lifted: id })).rejects.toMatchObject(denied)
    await expect(bench.gate.tell(other)).rejects.toMatchObject({ code: 'INCIDENT_NOT_FOUND' })
    for (const bad of [{ lifted: id }, { ...good, by: ' ' }, { ...good, also: 1 }])
      await expect(bench.gate.tell(bad)).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    expect(() => signLift(id, ' ', bench.root)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }))
    await expect(bench.admit(A1, applying(cost('n1')))).rejects.toMatchObject(suspended)
    expect(bench.lifts).toEqual([])
  })
})

it('that an epoch becomes stale is told when it does', async () => {
  await using bench = await open()
  await bench.clock.advance(24 * 3_600_000 - 1)
  expect(bench.heard).toEqual([])
  await bench.clock.advance(1)
  expect(bench.heard.map(({ closed }) => closed)).toEqual(['stale'])
  await bench.epoch()
  expect(bench.heard.map(({ closed }) => closed)).toEqual(['stale', undefined])
})
