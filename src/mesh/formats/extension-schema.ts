import { z } from 'zod'
import { type Observation, unknown } from '../observation.ts'

/** The key under which a file carries what its format has no words for. */
export const EXTENSION_KEY = 'meshswarm'

const source = z.enum(['measured', 'derived', 'simulated'])

/** JSON has no infinity: it travels as text. */
const numeric = z.union([z.number(), z.literal('Infinity').transform(() => Number.POSITIVE_INFINITY)])

function observation<T extends z.ZodType>(value: T) {
  const knownShape = z.strictObject({ value, source, at: z.number() })
  const unknownShape = z.strictObject({ unknown: z.union([z.string(), z.null()]) })
  return z.union([knownShape, unknownShape]).transform((raw): Observation<z.output<T>> => {
    if ('unknown' in raw) return raw.unknown === null ? { known: false } : unknown(raw.unknown)
    const {
      value: content,
      source: from,
      at,
    } = raw as { value: z.output<T>; source: z.output<typeof source>; at: number }
    return { known: true, value: content, source: from, observedAt: at }
  })
}

const nullableText = z.union([z.string(), z.null().transform(() => undefined)])
const position = z.object({ longitude: z.number(), latitude: z.number() })

const attributes = {
  /** Attributes that the format lost or bent. */
  attributes: z.record(z.string(), z.unknown()).optional(),
  /** Attributes that the native form seems to have but the original has not. */
  without: z.array(z.string()).optional(),
}

export const nodeExtension = z.strictObject({
  id: z.string().min(1).optional(),
  name: z.string().optional(),
  address: nullableText.optional(),
  managed: z.boolean().optional(),
  gateway: z.boolean().optional(),
  position: z.union([position, z.null().transform(() => undefined)]).optional(),
  online: observation(z.boolean()).optional(),
  daemon: observation(z.enum(['running', 'stopped', 'dead'])).optional(),
  routerId: observation(z.string()).optional(),
  prefixes: observation(z.array(z.string())).optional(),
  interfaces: z
    .array(
      z.strictObject({
        name: z.string(),
        up: observation(z.boolean()),
        mtu: observation(numeric),
        rxcost: observation(numeric),
      }),
    )
    .optional(),
  clients: observation(numeric).optional(),
  loadAverage: observation(numeric).optional(),
  ...attributes,
})

const side = z.strictObject({
  iface: nullableText.optional(),
  etx: observation(numeric).optional(),
  tq: observation(numeric).optional(),
  cost: observation(numeric).optional(),
})

export const linkExtension = z.strictObject({
  /** The entry is a link by itself, never one direction of another. */
  whole: z.literal(true).optional(),
  id: z.string().min(1).optional(),
  a: side.optional(),
  b: side.optional(),
  up: observation(z.boolean()).optional(),
  latencyMs: observation(numeric).optional(),
  type: nullableText.optional(),
  ...attributes,
})

export const topExtension = z.strictObject({
  takenAt: z.number().optional(),
  source: source.optional(),
  label: nullableText.optional(),
  ...attributes,
})

export type AttributeExtension = {
  readonly attributes?: Record<string, unknown> | undefined
  readonly without?: readonly string[] | undefined
}
export type NodeExtension = z.output<typeof nodeExtension>
export type LinkExtension = z.output<typeof linkExtension>
