import type { Socket } from 'node:dgram'
import { describe, expect, it } from 'vitest'
import { VirtualClock } from '../../../src/core/index.ts'
import { Hastener } from '../../../src/mesh/drivers/babel/host/hastener.ts'

const ACKNOWLEDGMENT_REQUEST = 2

interface Sent {
  readonly at: number
  readonly socket: string
  readonly packet: Buffer
  readonly port: number
  readonly address: string
}

type Outcome = 'sent' | 'throws' | 'fails'

/** Nodes by name, each with its sockets by name and what becomes of a packet on them. */
function setUp(nodes: Readonly<Record<string, Readonly<Record<string, Outcome>>>>) {
  const clock = new VirtualClock({ startAt: 1_000_000 })
  const start = clock.now()
  const sent: Sent[] = []
  const socket = (name: string, outcome: Outcome) => {
    const send = (packet: Uint8Array, port: number, address: string, done: (error: Error | null) => void) => {
      if (outcome === 'throws') throw new Error('ERR_SOCKET_DGRAM_NOT_RUNNING')
      sent.push({ at: clock.now() - start, socket: name, packet: Buffer.from(packet), port, address })
      done(outcome === 'fails' ? new Error('ENETUNREACH') : null)
    }
    return { send } as unknown as Socket
  }
  const sockets = new Map(
    Object.entries(nodes).map(([node, links]) => [
      node,
      Object.entries(links).map(([name, outcome]) => socket(name, outcome)),
    ]),
  )
  let lookUp = async (node: string): Promise<readonly Socket[]> => sockets.get(node) ?? []
  const hastener = new Hastener({ clock, socketsOf: (node) => lookUp(node) })
  return {
    clock,
    hastener,
    sent,
    /** Look-ups wait for `gate` from now on. */
    delayLookUps(gate: Promise<unknown>) {
      const found = lookUp
      lookUp = async (node) => {
        await gate
        return found(node)
      }
    },
    timesOf: (name: string) => sent.filter((one) => one.socket === name).map(({ at }) => at),
  }
}

/** The TLVs of a Babel packet (RFC 8966, 4.2 and 4.3); throws where it is none. */
function tlvsOf(packet: Buffer): { readonly type: number; readonly value: Buffer }[] {
  const [magic, version] = packet
  const end = 4 + packet.readUInt16BE(2)
  if (magic !== 42 || version !== 2 || end !== packet.length) throw new Error('not a Babel packet')
  const tlvs = []
  for (let at = 4; at < end; ) {
    const [type, length] = [packet.readUInt8(at), packet.readUInt8(at + 1)]
    if (at + 2 + length > end) throw new Error('a TLV that reaches over the end')
    tlvs.push({ type, value: packet.subarray(at + 2, at + 2 + length) })
    at += 2 + length
  }
  return tlvs
}

describe('what is sent', () => {
  it('is a Babel packet with one acknowledgment request, to all neighbours at the Babel port', async () => {
    const { clock, hastener, sent } = setUp({ a: { a1: 'sent' } })
    hastener.hasten(['a'], 1000)
    await clock.advance(2000)
    expect(sent.length).toBeGreaterThan(10)
    for (const { packet, address, port } of sent) {
      expect([address, port]).toEqual(['ff02::1:6', 6696])
      const tlvs = tlvsOf(packet)
      expect(tlvs.map(({ type }) => type)).toEqual([ACKNOWLEDGMENT_REQUEST])
      const value = tlvs[0]?.value ?? Buffer.alloc(0)
      // Reserved, an opaque number, and the interval in hundredths of a second, which must not be 0.
      expect(value).toHaveLength(6)
      expect(value.readUInt16BE(0)).toBe(0)
      expect(value.readUInt16BE(4)).toBe(1)
    }
  })

  it('leaves on each socket of each named node every 40 ms, until the time is over', async () => {
    const { clock, hastener, timesOf } = setUp({
      a: { a1: 'sent', a2: 'sent' },
      b: { b1: 'sent' },
      c: { c1: 'sent' },
      unready: {},
    })
    hastener.hasten(['a', 'b', 'unready', 'nobody-of-this-name'], 200)
    await clock.advance(5000)
    for (const name of ['a1', 'a2', 'b1']) expect(timesOf(name), name).toEqual([0, 40, 80, 120, 160])
    expect(timesOf('c1')).toEqual([])
  })

  it('is nothing for no nodes, and nothing for no time', async () => {
    const { clock, hastener, sent } = setUp({ a: { a1: 'sent' } })
    hastener.hasten([], 1000)
    hastener.hasten(['a'], 0)
    await clock.advance(2000)
    expect(sent).toEqual([])
  })

  it('stays under 2500 packets a second on 500 sockets, each of which has its turn', async () => {
    const nodes = Array.from({ length: 50 }, (_, node) => [
      `n${node}`,
      Object.fromEntries(Array.from({ length: 10 }, (_, link) => [`n${node}-${link}`, 'sent' as const])),
    ])
    const { clock, hastener, sent, timesOf } = setUp(Object.fromEntries(nodes))
    const names = nodes.map(([name]) => String(name))
    // As the coordinator does: again in every round.
    for (let round = 0; round < 25; round += 1) {
      hastener.hasten(names, 1000)
      await clock.advance(200)
    }
    await clock.advance(5000)
    const times = sent.map(({ at }) => at)
    for (const from of new Set(times)) {
      expect(times.filter((at) => at >= from && at < from + 1000).length).toBeLessThanOrEqual(2500)
    }
    expect(timesOf('n0-0').filter((at) => at < 5000)).toHaveLength(25)
    expect(timesOf('n49-9')).toEqual(timesOf('n0-0'))
  })
})

describe('a second call', () => {
  it('extends the first, at the same pace', async () => {
    const { clock, hastener, timesOf } = setUp({ a: { a1: 'sent' } })
    hastener.hasten(['a'], 100)
    await clock.advance(70)
    hastener.hasten(['a'], 100)
    await clock.advance(5000)
    expect(timesOf('a1')).toEqual([0, 40, 80, 120, 160])
  })

  it('never shortens it', async () => {
    const { clock, hastener, timesOf } = setUp({ a: { a1: 'sent' } })
    hastener.hasten(['a'], 180)
    hastener.hasten(['a'], 10)
    await clock.advance(5000)
    expect(timesOf('a1')).toEqual([0, 40, 80, 120, 160])
  })

  it('brings other nodes in, and each ends at its own time', async () => {
    const { clock, hastener, timesOf } = setUp({ a: { a1: 'sent' }, b: { b1: 'sent' } })
    hastener.hasten(['a'], 100)
    await clock.advance(50)
    hastener.hasten(['b'], 100)
    await clock.advance(5000)
    expect(timesOf('a1')).toEqual([0, 40, 80])
    expect(timesOf('b1')).toEqual([80, 120])
  })

  it('after the end begins again at once', async () => {
    const { clock, hastener, timesOf } = setUp({ a: { a1: 'sent' } })
    hastener.hasten(['a'], 50)
    await clock.advance(1000)
    hastener.hasten(['a'], 50)
    await clock.advance(1000)
    expect(timesOf('a1')).toEqual([0, 40, 1000, 1040])
  })
})

describe('a socket', () => {
  it.each(['throws', 'fails'] as const)(
    'on which a packet %s ends nothing, neither now nor later',
    async (outcome) => {
      const { clock, hastener, timesOf } = setUp({ a: { bad: outcome, a2: 'sent' }, b: { b1: 'sent' } })
      hastener.hasten(['a', 'b'], 100)
      await clock.advance(1000)
      for (const name of ['a2', 'b1']) expect(timesOf(name), name).toEqual([0, 40, 80])
    },
  )
})

describe('stop', () => {
  it('ends it, and a later call begins anew', async () => {
    const { clock, hastener, timesOf } = setUp({ a: { a1: 'sent' } })
    hastener.hasten(['a'], 10_000)
    await clock.advance(50)
    hastener.stop()
    hastener.stop()
    await clock.advance(950)
    expect(timesOf('a1')).toEqual([0, 40])
    hastener.hasten(['a'], 100)
    await clock.advance(1000)
    expect(timesOf('a1')).toEqual([0, 40, 1000, 1040, 1080])
  })

  it('and a new call go on at the same pace', async () => {
    const { clock, hastener, timesOf } = setUp({ a: { a1: 'sent' } })
    hastener.hasten(['a'], 10_000)
    await clock.advance(50)
    hastener.stop()
    hastener.hasten(['a'], 100)
    await clock.advance(1000)
    expect(timesOf('a1')).toEqual([0, 40, 50, 90, 130])
  })

  it('ends it while sockets are still being looked up', async () => {
    const { clock, hastener, sent, delayLookUps } = setUp({ a: { a1: 'sent' } })
    delayLookUps(clock.sleep(100))
    hastener.hasten(['a'], 10_000)
    await clock.advance(50)
    hastener.stop()
    await clock.advance(1000)
    expect(sent).toEqual([])
  })

  it('and a new call, both while sockets are being looked up, go on at the same pace', async () => {
    const { clock, hastener, timesOf, delayLookUps } = setUp({ a: { a1: 'sent' } })
    delayLookUps(clock.sleep(100))
    hastener.hasten(['a'], 10_000)
    await clock.advance(50)
    hastener.stop()
    hastener.hasten(['a'], 1000)
    await clock.advance(2000)
    const times = timesOf('a1')
    expect(times.length).toBeGreaterThan(10)
    expect(times.slice(1).map((at, index) => at - (times[index] ?? 0))).toEqual(times.slice(1).map(() => 40))
  })
})
