/** What babeld's local control socket says, one line at a time. Pure: no line, however broken, throws. */
export type BabelLine =
  | { readonly kind: 'ok' }
  /** The request was understood and refused. */
  | { readonly kind: 'no'; readonly message: string }
  /** The request was not understood. */
  | { readonly kind: 'bad' }
  | { readonly kind: 'greeting'; readonly key: string; readonly value: string }
  | { readonly kind: 'event'; readonly verb: Verb; readonly object: BabelObject }
  /** A line of a version that we do not know, or garbage. Kept, never fatal. */
  | { readonly kind: 'unknown'; readonly line: string }

export type Verb = 'add' | 'change' | 'flush'

export type BabelObject = BabelInterface | BabelNeighbour | BabelXroute | BabelRoute

interface Extras {
  /** Fields that this version of the parser does not know, as they were. */
  readonly extra: Readonly<Record<string, string>>
}

export interface BabelInterface extends Extras {
  readonly type: 'interface'
  readonly name: string
  readonly up: boolean
  readonly ipv6: string | undefined
  readonly ipv4: string | undefined
}

export interface BabelNeighbour extends Extras {
  readonly type: 'neighbour'
  readonly id: string
  readonly address: string
  readonly iface: string
  /** Sixteen hellos, the latest in the highest bit. */
  readonly reach: number
  readonly ureach: number
  readonly rxcost: number
  readonly txcost: number
  readonly cost: number
  /** Milliseconds, where the daemon measures it. */
  readonly rtt: number | undefined
}

export interface BabelXroute extends Extras {
  readonly type: 'xroute'
  readonly id: string
  readonly prefix: string
  readonly from: string
  readonly metric: number
}

export interface BabelRoute extends Extras {
  readonly type: 'route'
  readonly id: string
  readonly prefix: string
  readonly from: string
  readonly installed: boolean
  readonly routerId: string
  readonly metric: number
  readonly refmetric: number
  readonly via: string
  readonly iface: string
}

/** Babel's infinity (RFC 8966, 3.5.2): a cost or metric of this means unreachable. */
export const INFINITY = 65535

/** A line longer than this is not babeld's; it is classified by its start and not parsed. */
const MAX_LINE = 4096

const GREETING = /^(BABEL|version|host|my-id)(?: (.*))?$/

export function parseLine(line: string): BabelLine {
  if (line.length > MAX_LINE) return { kind: 'unknown', line: line.slice(0, MAX_LINE) }
  if (line === 'ok') return { kind: 'ok' }
  if (line === 'bad') return { kind: 'bad' }
  if (line === 'no' || line.startsWith('no ')) return { kind: 'no', message: line.slice(3) }
  const words = line.split(' ')
  const verb = words[0]
  if (verb === 'add' || verb === 'change' || verb === 'flush') {
    const object = parseObject(words)
    return object ? { kind: 'event', verb, object } : { kind: 'unknown', line }
  }
  const greeting = GREETING.exec(line)
  if (greeting) return { kind: 'greeting', key: greeting[1] ?? '', value: greeting[2] ?? '' }
  return { kind: 'unknown', line }
}

/** `add TYPE ID key value key value …`; undefined where a field that we stand on is missing or no number. */
function parseObject(words: readonly string[]): BabelObject | undefined {
  const id = words[2]
  if (id === undefined || id === '') return undefined
  const fields = new Map<string, string>()
  for (let i = 3; i + 1 < words.length; i += 2) fields.set(words[i] ?? '', words[i + 1] ?? '')
  switch (words[1]) {
    case 'interface':
      return interfaceOf(id, fields)
    case 'neighbour':
      return neighbourOf(id, fields)
    case 'xroute':
      return xrouteOf(id, fields)
    case 'route':
      return routeOf(id, fields)
    default:
      return undefined
  }
}

function interfaceOf(name: string, fields: Map<string, string>): BabelInterface | undefined {
  const up = take(fields, 'up')
  if (up !== 'true' && up !== 'false') return undefined
  const [ipv6, ipv4] = [take(fields, 'ipv6'), take(fields, 'ipv4')]
  return { type: 'interface', name, up: up === 'true', ipv6, ipv4, extra: rest(fields) }
}

function neighbourOf(id: string, fields: Map<string, string>): BabelNeighbour | undefined {
  const address = take(fields, 'address')
  const iface = take(fields, 'if')
  const cost = decimal(take(fields, 'cost'))
  if (!address || !iface || cost === undefined) return undefined
  return {
    type: 'neighbour',
    id,
    address,
    iface,
    reach: hexadecimal(take(fields, 'reach')) ?? 0,
    ureach: hexadecimal(take(fields, 'ureach')) ?? 0,
    rxcost: decimal(take(fields, 'rxcost')) ?? INFINITY,
    txcost: decimal(take(fields, 'txcost')) ?? INFINITY,
    cost,
    rtt: decimal(take(fields, 'rtt')),
    extra: rest(fields),
  }
}

function xrouteOf(id: string, fields: Map<string, string>): BabelXroute | undefined {
  const prefix = take(fields, 'prefix')
  if (!prefix) return undefined
  const metric = decimal(take(fields, 'metric')) ?? 0
  return { type: 'xroute', id, prefix, from: take(fields, 'from') ?? '::/0', metric, extra: rest(fields) }
}

function routeOf(id: string, fields: Map<string, string>): BabelRoute | undefined {
  const prefix = take(fields, 'prefix')
  const routerId = take(fields, 'id')
  const via = take(fields, 'via')
  const iface = take(fields, 'if')
  const metric = decimal(take(fields, 'metric'))
  if (!prefix || !routerId || !via || !iface || metric === undefined) return undefined
  return {
    type: 'route',
    id,
    prefix,
    from: take(fields, 'from') ?? '::/0',
    installed: take(fields, 'installed') === 'yes',
    routerId,
    metric,
    refmetric: decimal(take(fields, 'refmetric')) ?? INFINITY,
    via,
    iface,
    extra: rest(fields),
  }
}

const NOTHING: Readonly<Record<string, string>> = Object.freeze({})

function take(fields: Map<string, string>, key: string): string | undefined {
  const value = fields.get(key)
  fields.delete(key)
  return value
}

function rest(fields: Map<string, string>): Readonly<Record<string, string>> {
  return fields.size === 0 ? NOTHING : Object.fromEntries(fields)
}

function decimal(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+(\.\d+)?$/.test(text) ? Number(text) : undefined
}

function hexadecimal(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9a-f]{1,8}$/i.test(text) ? Number.parseInt(text, 16) : undefined
}
