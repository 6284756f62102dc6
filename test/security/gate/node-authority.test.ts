// The rule: what nodes know of their authority survives their restarts, and whatever is damaged closes their gate.
import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agentId, changeId, nodeId, RealClock, randomIds, seededRandom } from '../../../src/core/index.ts'
import type { GateAsk } from '../../../src/mesh/index.ts'
import {
  BiscuitEngine,
  CapabilityManager,
  decodeEntry,
  EpochIssuer,
  enrol,
  type KeyPair,
  keyPair,
  MemoryEpochStore,
  NodeAuthority,
  readStore,
  SwarmAuthority,
  signRevocation,
} from '../../../src/security/index.ts'
import { applying, cost, hastening, NEVER } from './fixture.ts'

const AGENT = agentId('executor-1')
const clock = new RealClock()
const ids = randomIds(seededRandom(Date.now()))
let directory: string
let root: KeyPair
let epochs: EpochIssuer
let engine: BiscuitEngine

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-nodes-'))
  root = keyPair()
  epochs = new EpochIssuer({ clock, root, store: new MemoryEpochStore() })
  engine = new BiscuitEngine({ clock })
})
afterEach(async () => {
  await engine.close()
  rmSync(directory, { recursive: true })
})

const open = (past: Parameters<typeof NodeAuthority.open>[1]['past'] = []) =>
  NodeAuthority.open({ clock, ids }, { directory, past })

function swarm(nodes: readonly string[] | 'all' = 'all') {
  const manager = new CapabilityManager({ engine, clock, root })
  const which = nodes === 'all' ? nodes : nodes.map(nodeId)
  return new SwarmAuthority({ clock, manager, ids }, { nodes: which, blastRadius: 50 })
}

async function admit(nodes: NodeAuthority, ask: GateAsk, authority = swarm()) {
  return nodes.admit(ask, await authority.prover(AGENT, ask)(nodes.state, NEVER), NEVER)
}

const refusal = (reason: string) => ({ code: 'ACTION_DENIED', details: expect.objectContaining({ reason }) })

describe('enrolment', () => {
  it('without it nothing is let through; after it, at once, without a restart', async () => {
    await using nodes = await open()
    expect(nodes.state).toMatchObject({ epoch: 0, closed: 'no-root' })
    await expect(nodes.admit(applying(cost('n1')), undefined, NEVER)).rejects.toMatchObject(
      refusal('no-root'),
    )
    const first = await epochs.issue('running', 'test')
    await expect(nodes.tell(first)).rejects.toMatchObject(refusal('no-root'))
    expect(enrol(directory, root.publicKey, { nodes: 10 })).toBe(true)
    await nodes.tell(first)
    await admit(nodes, applying(cost('n1')))
  })

  it('is for good: under the same root nothing changes, under another it is refused', () => {
    enrol(directory, root.publicKey, { nodes: 10 })
    expect(enrol(directory, root.publicKey, { nodes: 10_000, blastRadius: 10_000 })).toBe(false)
    expect(JSON.parse(readFileSync(join(directory, 'settings.json'), 'utf8'))).toEqual({ nodes: 10 })
    expect(() => enrol(directory, keyPair().publicKey, { nodes: 10 })).toThrow(
      expect.objectContaining({ code: 'CONFLICT' }),
    )
    expect(readFileSync(join(directory, 'root.pub'), 'utf8').trim()).toBe(root.publicKey)
    expect(statSync(join(directory, 'settings.json')).mode & 0o777).toBe(0o600)
  })

  it('with settings that are none changes nothing', () => {
    for (const settings of [
      { nodes: 0 },
      { nodes: 1, blastRadius: 0.5 },
      { nodes: 1, approvers: { ann: 'x' } },
    ])
      expect(() => enrol(directory, root.publicKey, settings)).toThrow()
    expect(() => statSync(join(directory, 'root.pub'))).toThrow()
  })
})

describe('a restart', () => {
  beforeEach(() => enrol(directory, root.publicKey, { nodes: 40 }))

  it('does not bring back who was halted', async () => {
    const running = await epochs.issue('running', 'test')
    {
      await using nodes = await open()
      await nodes.tell(running)
      await nodes.tell(await epochs.issue('halted', 'stop'))
    }
    await using nodes = await open()
    expect(nodes.state).toMatchObject({ epoch: 2, closed: 'halted' })
    await nodes.tell(running)
    await expect(admit(nodes, applying(cost('n1')))).rejects.toMatchObject(refusal('halted'))
  })

  it('does not bring back what was revoked, nor make proofs of before good', async () => {
    const authority = swarm()
    const ask = applying(cost('n1'))
    let old: { token: string; request: unknown }
    {
      await using nodes = await open()
      await nodes.tell(await epochs.issue('running', 'test'))
      const { lineage } = await admit(nodes, ask, authority)
      old = await authority.prover(AGENT, ask)(nodes.state, NEVER)
      await nodes.tell(signRevocation(lineage[0] ?? '', root))
    }
    await using nodes = await open()
    await expect(nodes.admit(ask, old, NEVER)).rejects.toMatchObject(refusal('request'))
    await expect(admit(nodes, ask, authority)).rejects.toMatchObject(refusal('revoked'))
    await admit(nodes, ask)
  })

  it('does not bring back who was suspended', async () => {
    const authority = swarm(['n1'])
    {
      await using nodes = await open()
      await nodes.tell(await epochs.issue('running', 'test'))
      for (let index = 0; index < 12; index++)
        await admit(nodes, hastening(`x${index}`), authority).catch(() => undefined)
      await expect(admit(nodes, applying(cost('n1')), authority)).rejects.toMatchObject(refusal('suspended'))
    }
    await using nodes = await open()
    await expect(admit(nodes, applying(cost('n1')), authority)).rejects.toMatchObject(refusal('suspended'))
  })

  it('does not give a spent budget back', async () => {
    const past = Array.from({ length: 6 }, (_, index) => ({
      ...{
        id: changeId(`p${index}`),
        action: cost(`n${index}`),
        appliedAt: clock.now() - 60_000,
        lineage: ['t'],
      },
    }))
    await using nodes = await open(past)
    await nodes.tell(await epochs.issue('running', 'test'))
    await expect(admit(nodes, applying(cost('n7')))).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED' })
    await admit(nodes, applying(cost('n3')))
  })
})

describe('what is damaged closes the gate', () => {
  beforeEach(async () => {
    enrol(directory, root.publicKey, { nodes: 40 })
    await using nodes = await open()
    await nodes.tell(await epochs.issue('running', 'test'))
  })

  it.each([
    ['settings.json', '{'],
    ['root.pub', 'ed25519/00'],
    ['revoked', 'not an id\n'],
    ['suspensions.jsonl', '{"id":""}\n'],
  ])('%s', async (file, text) => {
    writeFileSync(join(directory, file), text)
    await using nodes = await open()
    expect(nodes.state.closed).toBe('no-root')
    await expect(admit(nodes, applying(cost('n1')))).rejects.toMatchObject(refusal('no-root'))
  })

  it('the epoch, until the authority issues another one', async () => {
    appendFileSync(join(directory, 'epoch.json'), 'x')
    await using nodes = await open()
    await expect(admit(nodes, applying(cost('n1')))).rejects.toMatchObject(refusal('damaged'))
    await nodes.tell(await epochs.issue('running', 'test'))
    await admit(nodes, applying(cost('n1')))
  })
})

it('every decision is in the audit log of the nodes, with the token and the policy that decided', async () => {
  enrol(directory, root.publicKey, { nodes: 40 })
  await using nodes = await open()
  await nodes.tell(await epochs.issue('running', 'test'))
  const { lineage } = await admit(nodes, applying(cost('n1')))
  await nodes.admit(applying(cost('n2')), undefined, NEVER).catch(() => undefined)
  const entries = [...readStore(join(directory, 'audit.db'))].flatMap((record) =>
    record.kind === 'entry' ? [decodeEntry(record.seq, record.text ?? '').entry] : [],
  )
  expect(entries).toMatchObject([
    { kind: 'gate', agent: AGENT, node: 'n1', allowed: true, token: lineage, policies: ['repair'] },
    { kind: 'gate', node: 'n2', allowed: false, code: 'ACTION_DENIED', reason: 'malformed' },
  ])
})
