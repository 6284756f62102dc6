// The rule: a node does what a capability of its root allows, shown by its holder, now and once; and nothing else.
import { describe, expect, it } from 'vitest'
import { nodeId } from '../../../src/core/index.ts'
import { keyPair, signRequest, signRevocation } from '../../../src/security/index.ts'
import { A1, A2, A3, applying, cost, ending, hastening, NEVER, openGate, restart } from './fixture.ts'

const refusal = (reason: string, code = 'ACTION_DENIED') => ({
  code,
  details: expect.objectContaining({ reason }),
})

describe('a proof', () => {
  it('of the holder lets through what it is for, and names who answers for it', async () => {
    await using bench = await openGate()
    const admission = await bench.admit(A1, applying(cost('n1')))
    expect(admission.lineage).toHaveLength(3)
    expect(bench.decisions).toMatchObject([
      { agent: A1, token: admission.lineage, policies: ['repair'], refusal: undefined },
    ])
  })

  it('is needed for everything', async () => {
    await using bench = await openGate()
    const asks = [
      applying(cost('n1')),
      ending('confirm', cost('n1')),
      ending('rollback', cost('n1')),
      hastening('n1'),
    ]
    for (const ask of asks)
      await expect(bench.gate.admit(ask, undefined, NEVER)).rejects.toMatchObject(refusal('malformed'))
    expect(bench.decisions.map((one) => one.refusal?.reason)).toEqual(asks.map(() => 'malformed'))
  })

  it('is for exactly one call', async () => {
    await using bench = await openGate()
    const ask = applying(cost('n1'))
    const proof = await bench.prove(A1, ask)
    for (const other of [
      { ...ask, action: cost('n2') },
      { ...ask, action: cost('n1', 501) },
      { ...ask, action: restart('n1') },
      { ...ask, confirmWithinMs: 60_000 },
      { ...ask, reason: 'another incident' },
      { ...ask, plan: [ask.action] },
      { operation: 'confirm', action: ask.action, change: ask.change } as const,
      { operation: 'rollback', action: ask.action, change: ask.change } as const,
    ])
      await expect(bench.gate.admit(other, proof, NEVER)).rejects.toMatchObject({ code: 'ACTION_DENIED' })
    await bench.gate.admit(ask, proof, NEVER)
    await expect(bench.gate.admit(ask, proof, NEVER)).rejects.toMatchObject(refusal('replay'))
  })

  it('of before the gate was started proves nothing', async () => {
    await using bench = await openGate()
    const ask = applying(cost('n1'))
    const { session: _, ...state } = bench.gate.state
    const old = await bench.authority.prover(A1, ask)({ ...state, session: 'session-0' }, NEVER)
    await expect(bench.gate.admit(ask, old, NEVER)).rejects.toMatchObject(refusal('request'))
  })

  it('with a token that somebody else holds is worth nothing', async () => {
    await using bench = await openGate()
    const ask = applying(cost('n1'))
    const { token } = await bench.prove(A1, ask)
    const content = { token, ask: { action: ask.action.kind, node: ask.action.node }, params: ask }
    const signed = { session: 'session-1', nonce: 'x', at: bench.clock.now() }
    const request = signRequest({ ...content, ...signed }, keyPair())
    await expect(bench.gate.admit(ask, { token, request }, NEVER)).rejects.toMatchObject(refusal('holder'))
  })

  it('of another root is none', async () => {
    await using bench = await openGate()
    await using other = await openGate()
    const ask = applying(cost('n1'))
    const proof = await other.prove(A1, ask)
    await expect(bench.gate.admit(ask, proof, NEVER)).rejects.toMatchObject(refusal('signature'))
  })

  it('for a step is good for that step: with the key and the token nobody does anything else', async () => {
    await using bench = await openGate()
    const key = keyPair()
    const scope = {
      ...{
        actions: ['set-link-cost' as const],
        nodes: [nodeId('n1')],
        regions: [],
        until: bench.clock.now() + 60_000,
      },
      ...{ maxTier: 2 as const, perMinute: 60, blast: { nodes: 5, windowMs: 600_000 } },
    }
    const { token } = await bench.manager.mint({ agent: A1, holder: key.publicKey, epoch: 1, scope }, NEVER)
    const attempt = (ask: ReturnType<typeof applying>, nonce: string) => {
      const about = { action: ask.action.kind, node: ask.action.node }
      const at = { session: 'session-1', nonce, at: bench.clock.now() }
      const request = signRequest({ token, ask: about, params: ask, ...at }, key)
      return bench.gate.admit(ask, { token, request }, NEVER)
    }
    await expect(attempt(applying(cost('n2')), '1')).rejects.toMatchObject(refusal('node'))
    await expect(attempt(applying(restart('n1')), '2')).rejects.toMatchObject(refusal('action'))
    await attempt(applying(cost('n1')), '3')
  })
})

describe('hasten', () => {
  it('is let through for nodes of the capability, all or none', async () => {
    await using bench = await openGate({ swarm: { nodes: [nodeId('n1'), nodeId('n2')] } })
    await bench.admit(A1, hastening('n1', 'n2'))
    await expect(bench.admit(A1, hastening('n1', 'n3'))).rejects.toMatchObject(refusal('node'))
    await expect(bench.admit(A1, hastening('n3'))).rejects.toMatchObject(refusal('node'))
    await expect(bench.gate.admit(hastening(), undefined, NEVER)).rejects.toMatchObject(refusal('node'))
    expect(bench.limits.networkUsed).toBe(0)
  })
})

describe('the epoch', () => {
  it('halted stops everything at once but an undo, and what is under way aborts', async () => {
    await using bench = await openGate()
    const before = await bench.admit(A1, applying(cost('n1')))
    const states: unknown[] = []
    bench.gate.onChange((state) => states.push(state))
    await bench.epoch('halted')
    expect(before.signal.aborted).toBe(true)
    expect(states).toEqual([{ session: 'session-1', epoch: 2, closed: 'halted' }])
    await expect(bench.admit(A1, applying(restart('n2')))).rejects.toMatchObject(refusal('halted'))
    await expect(bench.admit(A1, ending('confirm', cost('n1')))).rejects.toMatchObject(refusal('halted'))
    await expect(bench.admit(A1, hastening('n1'))).rejects.toMatchObject(refusal('halted'))
    const undo = await bench.admit(A1, ending('rollback', cost('n1')))
    expect(undo.signal.aborted).toBe(false)
  })

  it('that comes after ends every token of the one before', async () => {
    await using bench = await openGate()
    const ask = applying(cost('n1'))
    const old = await bench.prove(A1, ask)
    await bench.epoch('halted')
    await bench.epoch('running')
    await expect(bench.gate.admit(ask, old, NEVER)).rejects.toMatchObject(refusal('epoch'))
    await bench.admit(A1, ask)
  })

  it('that is stale leaves a node the healing of its own daemon', async () => {
    await using bench = await openGate()
    await bench.clock.advance(24 * 3_600_000)
    expect(bench.gate.state.closed).toBe('stale')
    await bench.admit(A1, applying(restart('n1')))
    await bench.admit(A1, applying({ kind: 'resume-daemon', node: nodeId('n1') }))
    const around = { kind: 'restart-daemon', node: nodeId('n1'), rxcost: 900 } as const
    await expect(bench.admit(A1, applying(around))).rejects.toMatchObject(refusal('stale'))
    await expect(bench.admit(A1, applying(cost('n1')))).rejects.toMatchObject(refusal('stale'))
  })
})

describe('revocation', () => {
  it('of the swarm ends all its agents, that of an agent the one, and both are kept', async () => {
    await using bench = await openGate()
    const { lineage } = await bench.admit(A1, applying(cost('n1')))
    const [swarm = '', agent = ''] = lineage
    await bench.gate.tell(signRevocation(agent, bench.root))
    await expect(bench.admit(A1, applying(cost('n1')))).rejects.toMatchObject(refusal('revoked'))
    await bench.admit(A2, applying(cost('n2')))
    await bench.gate.tell(signRevocation(swarm, bench.root))
    await expect(bench.admit(A2, applying(cost('n2')))).rejects.toMatchObject(refusal('revoked'))
    expect(bench.revocations).toHaveLength(2)
  })

  it('that the root has not signed changes nothing', async () => {
    await using bench = await openGate()
    const { lineage } = await bench.admit(A1, applying(cost('n1')))
    const forged = signRevocation(lineage[0] ?? '', keyPair())
    await expect(bench.gate.tell(forged)).rejects.toMatchObject({ code: 'ACTION_DENIED' })
    await expect(bench.gate.tell({ revoked: lineage[0] })).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await expect(bench.gate.tell('halt')).rejects.toMatchObject({ code: 'INVALID_INPUT' })
    await bench.admit(A1, applying(cost('n1')))
    expect(bench.revocations).toEqual([])
  })
})

describe('budgets', () => {
  it('of the swarm are spent by all its agents together', async () => {
    await using bench = await openGate({ swarm: { blastRadius: 2 } })
    for (const [agent, node] of [
      [A1, 'n1'],
      [A2, 'n2'],
    ] as const)
      (await bench.admit(agent, applying(cost(node)))).end()
    const third = bench.admit(A3, applying(cost('n3')))
    await expect(third).rejects.toMatchObject({ code: 'BUDGET_EXCEEDED', details: { budget: 'blast' } })
    ;(await bench.admit(A3, applying(cost('n1')))).end()
    await bench.admit(A3, ending('rollback', cost('n3')))
    await bench.clock.advance(10 * 60_000)
    await bench.admit(A3, applying(cost('n4')))
  })

  it('of the network hold whatever the capability says, and a refusal draws nothing', async () => {
    await using bench = await openGate({ nodes: 40 })
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5', 'n6', 'n7']
    const all = await Promise.allSettled(nodes.map((node) => bench.admit(A1, applying(cost(node)))))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(6)
    expect(all.find(({ status }) => status === 'rejected')).toMatchObject({
      reason: { code: 'BUDGET_EXCEEDED', details: { budget: 'network' } },
    })
    expect(bench.limits.networkUsed).toBe(6)
  })

  it('are not drawn on by what is refused after them', async () => {
    let fail = false
    await using bench = await openGate({
      onDecision: () => {
        if (fail) throw new Error('disk full')
      },
    })
    fail = true
    await expect(bench.admit(A1, applying(cost('n1')))).rejects.toThrow('disk full')
    expect(bench.limits.networkUsed).toBe(0)
    fail = false
    await bench.admit(A1, applying(cost('n1')))
    expect(bench.limits.networkUsed).toBe(1)
  })
})

describe('the oracle', () => {
  async function overstep(bench: Awaited<ReturnType<typeof openGate>>, agent: typeof A1, count: number) {
    for (let index = 0; index < count; index++) {
      await expect(bench.admit(agent, hastening(`x${index}`))).rejects.toMatchObject(refusal('node'))
      await bench.clock.advance(1000)
    }
  }

  it('suspends an agent that keeps asking for what it may not, and no other', async () => {
    await using bench = await openGate({ swarm: { nodes: [nodeId('n1'), nodeId('n2')] } })
    await bench.admit(A1, applying(cost('n1')))
    await overstep(bench, A1, 8)
    await expect(bench.admit(A1, applying(cost('n1')))).rejects.toMatchObject(refusal('suspended'))
    await bench.admit(A2, applying(cost('n2')))
    await bench.admit(A1, ending('rollback', cost('n1')))
    expect(bench.oracle.verdicts).toMatchObject([{ test: 'out-of-scope', agents: [A1] }])
  })

  it('does not take the word of a thief for whose requests they are', async () => {
    await using bench = await openGate({ swarm: { nodes: [nodeId('n1')] } })
    const thief = keyPair()
    const { token } = await bench.prove(A1, applying(cost('n1')))
    // Only the holder hands over: this block says so, and is not signed by it.
    const block = { kind: 'restriction', restriction: {}, handover: thief.publicKey, to: A2 } as const
    const forged = await bench.engine.append(token, bench.root.publicKey, block, undefined, NEVER)
    for (let index = 0; index < 20; index++) {
      const ask = applying(cost(`x${index}`))
      const about = { action: ask.action.kind, node: ask.action.node }
      const at = { session: 'session-1', nonce: `${index}`, at: bench.clock.now() }
      const request = signRequest({ token: forged, ask: about, params: ask, ...at }, thief)
      await expect(bench.gate.admit(ask, { token: forged, request }, NEVER)).rejects.toMatchObject({
        code: 'ACTION_DENIED',
      })
    }
    expect(bench.oracle.verdicts.filter(({ suspends }) => suspends !== 'nobody')).toEqual([])
    await bench.admit(A1, applying(cost('n1')))
    await bench.admit(A2, applying(cost('n1')))
  })
})
