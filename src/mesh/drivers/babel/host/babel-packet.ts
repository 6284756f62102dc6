import { isIPv6 } from 'node:net'

/** Babel packets (RFC 8966, section 4), as far as the executor speaks and reads them. Pure: nothing here throws. */
export const BABEL_GROUP = 'ff02::1:6'
export const BABEL_PORT = 6696

const MAGIC = 42
const VERSION = 2
const ACK_REQUEST = 2
const ROUTER_ID = 6
const UPDATE = 8
const SEQNO_REQUEST = 10
const AE_IPV4 = 1
const AE_IPV6 = 2
const NOBODY = '0000000000000000'
/** How far a request may travel. */
const HOPS = 64

/** One Acknowledgment Request (4.6.3) that wants its answer within 10 ms. */
export function ackRequest(): Uint8Array {
  return packet([[ACK_REQUEST, 0, 0, 0x4d, 0x53, 0, 1]])
}

export interface SeqnoWanted {
  readonly prefix: string
  readonly seqno: number
  /** Eight bytes in hex. */
  readonly routerId: string
}

/** Asks for announcements under at least these sequence numbers (4.6.11). */
export function seqnoRequest(wanted: readonly SeqnoWanted[]): Uint8Array {
  return packet(
    wanted.map(({ prefix, seqno, routerId }) => {
      const { ae, length, bytes } = encodePrefix(prefix)
      return [
        SEQNO_REQUEST,
        ae,
        length,
        seqno >> 8,
        seqno & 0xff,
        HOPS,
        0,
        ...Buffer.from(routerId, 'hex'),
        ...bytes,
      ]
    }),
  )
}

/**
 * Asks for announcements of these prefixes, by whomever. A request for the routes of a router that is not theirs is
 * answered at once with what there is (3.8.1.2); a plain route request would wait for a second.
 */
export function announcementRequest(prefixes: readonly string[]): Uint8Array {
  return seqnoRequest(prefixes.map((prefix) => ({ prefix, seqno: 0, routerId: NOBODY })))
}

export interface Announced {
  /** As babeld writes it: `fd00::1/128`. */
  readonly prefix: string
  readonly routerId: string
  readonly seqno: number
  readonly metric: number
}

/** The Updates (4.6.9) of a packet; of a broken packet those before the break. */
export function readUpdates(data: Uint8Array): readonly Announced[] {
  const bytes = Buffer.from(data)
  if (bytes.length < 4 || bytes[0] !== MAGIC || bytes[1] !== VERSION) return []
  const end = Math.min(bytes.length, 4 + bytes.readUInt16BE(2))
  const found: Announced[] = []
  const defaults = new Map<number, Buffer>()
  let routerId = ''
  for (let at = 4; at < end; ) {
    const type = bytes[at] ?? 0
    // Pad1 is the only one without a length.
    const length = type === 0 ? -1 : (bytes[at + 1] ?? 0)
    const body = bytes.subarray(at + 2, at + 2 + length)
    at += 2 + length
    if (at > end) return found
    if (type === ROUTER_ID && length >= 10) routerId = body.toString('hex', 2, 10)
    if (type !== UPDATE || length < 10) continue
    const [ae = 0, flags = 0, plen = 0, omitted = 0] = body
    if (ae !== AE_IPV4 && ae !== AE_IPV6) continue
    const width = ae === AE_IPV4 ? 4 : 16
    const address = Buffer.alloc(width)
    defaults.get(ae)?.copy(address, 0, 0, omitted)
    body.copy(address, omitted, 10, 10 + Math.max(0, Math.ceil(plen / 8) - omitted))
    if ((flags & 0x80) !== 0) defaults.set(ae, address)
    if ((flags & 0x40) !== 0 && width === 16) routerId = address.toString('hex', 8)
    const prefix = `${ae === AE_IPV4 ? address.join('.') : ipv6Text(address)}/${plen}`
    found.push({ prefix, routerId, seqno: body.readUInt16BE(6), metric: body.readUInt16BE(8) })
  }
  return found
}

/** One spelling for one prefix, whoever wrote it. */
export function canonicalPrefix(prefix: string): string {
  const { ae, length, address } = encodePrefix(prefix)
  return `${ae === AE_IPV4 ? address.join('.') : ipv6Text(address)}/${length}`
}

function packet(tlvs: readonly (readonly number[])[]): Uint8Array {
  const body = tlvs.flatMap(([type = 0, ...rest]) => [type, rest.length, ...rest])
  return Uint8Array.from([MAGIC, VERSION, body.length >> 8, body.length & 0xff, ...body])
}

function encodePrefix(prefix: string) {
  const [text = '', plen] = prefix.split('/')
  const ae = isIPv6(text) ? AE_IPV6 : AE_IPV4
  const address = ae === AE_IPV6 ? ipv6Bytes(text) : Buffer.from(text.split('.').map(Number))
  const length = plen === undefined ? address.length * 8 : Number(plen)
  return { ae, length, address, bytes: address.subarray(0, Math.ceil(length / 8)) }
}

function ipv6Bytes(text: string): Buffer {
  const [head = '', tail] = text.split('::')
  const words = (part: string) =>
    part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16))
  const [first, last] = [words(head), words(tail ?? '')]
  const gap = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  const bytes = Buffer.alloc(16)
  const all = [...first, ...new Array<number>(gap).fill(0), ...last]
  for (const [index, word] of all.slice(0, 8).entries()) bytes.writeUInt16BE(word & 0xffff, index * 2)
  return bytes
}

/** The URL parser writes IPv6 addresses as RFC 5952 wants them. */
function ipv6Text(address: Buffer): string {
  const words = Array.from({ length: 8 }, (_, index) => address.readUInt16BE(index * 2).toString(16))
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1)
}
