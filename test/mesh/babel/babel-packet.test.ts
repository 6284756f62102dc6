import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  ackRequest,
  announcementRequest,
  canonicalPrefix,
  readUpdates,
  seqnoRequest,
} from '../../../src/mesh/drivers/babel/host/babel-packet.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

/** What a babeld 1.12.1 said on the wire: its router id, and its own address at no cost. */
const CAPTURED = '2a020028060a0000b06104049ee6c014081a0280800006409a530000fd37a8eec1ce00000000000000000002'

describe('what is sent', () => {
  test('an acknowledgment request as in RFC 8966, 4.6.3: reserved, opaque, interval of 10 ms', () => {
    expect(hex(ackRequest())).toBe('2a020008' + '0206' + '0000' + '4d53' + '0001')
  })

  test('a sequence number request as in RFC 8966, 4.6.11', () => {
    const wanted = { prefix: 'fd00::1/128', seqno: 0xabcd, routerId: '0102030405060708' }
    expect(hex(seqnoRequest([wanted]))).toBe(
      '2a020020' +
        '0a1e' +
        '0280' +
        'abcd' +
        '4000' +
        '0102030405060708' +
        'fd000000000000000000000000000001',
    )
  })

  test('IPv4 prefixes in their own encoding, and no more bytes than the prefix has', () => {
    const wanted = { prefix: '10.1.2.0/24', seqno: 1, routerId: '0102030405060708' }
    expect(hex(seqnoRequest([wanted]))).toBe(
      '2a020013' + '0a11' + '0118' + '0001' + '4000' + '0102030405060708' + '0a0102',
    )
  })

  test('a request for announcements names a router that nobody is', () => {
    expect(hex(announcementRequest(['fd00::1/128']))).toContain('0000000000000000fd00')
  })
})

describe('what is read', () => {
  test('an update of a real daemon', () => {
    expect(readUpdates(Buffer.from(CAPTURED, 'hex'))).toEqual([
      { prefix: 'fd37:a8ee:c1ce::2/128', routerId: 'b06104049ee6c014', seqno: 0x9a53, metric: 0 },
    ])
  })

  test('a compressed prefix takes its omitted bytes from the last one that is a default', () => {
    const second = '080e' + '0200' + '800c' + '0640' + '0007' + '0060' + 'aabbccdd'
    const packet = `2a02${(0x28 + 16).toString(16).padStart(4, '0')}${CAPTURED.slice(8)}${second}`
    expect(readUpdates(Buffer.from(packet, 'hex'))[1]).toEqual({
      prefix: 'fd37:a8ee:c1ce::aabb:ccdd/128',
      routerId: 'b06104049ee6c014',
      seqno: 7,
      metric: 96,
    })
  })

  test('no bytes, however broken, throw, and what stands before the break is kept', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        readUpdates(bytes)
        const broken = Buffer.concat([Buffer.from(CAPTURED, 'hex'), bytes])
        broken.writeUInt16BE(0x28 + bytes.length, 2)
        expect(readUpdates(broken)[0]?.seqno).toBe(0x9a53)
      }),
    )
  })

  test('every prefix has one spelling', () => {
    fc.assert(
      fc.property(fc.ipV6(), fc.integer({ min: 0, max: 128 }), (address, length) => {
        fc.pre(!address.includes('.'))
        const once = canonicalPrefix(`${address}/${length}`)
        expect(canonicalPrefix(once)).toBe(once)
        const host = new URL(`http://[${address}]`).hostname.slice(1, -1)
        expect(once).toBe(`${host}/${length}`)
      }),
    )
  })
})
