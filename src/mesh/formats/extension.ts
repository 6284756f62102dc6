import { isDeepStrictEqual } from 'node:util'
import type { Link, LinkSide, MeshNode } from '../model.ts'
import type { Observation } from '../observation.ts'
import type { LinkSpec, NodeSpec, SideSpec } from '../topology/index.ts'
import type { Json } from './codec.ts'
import type { AttributeExtension, LinkExtension, NodeExtension } from './extension-schema.ts'

/**
 * What a format cannot say travels in an extension record: the difference between a node and what the native
 * form alone would be read back as. A file that says everything natively gets none.
 */
export function nodeDifference(actual: MeshNode, restored: MeshNode): Json | undefined {
  return compact({
    ...different(actual, restored, ['id', 'name', 'managed', 'gateway']),
    ...different(actual, restored, ['address', 'position'], orNull),
    ...different(actual, restored, ['online', 'daemon', 'routerId', 'prefixes'], packed),
    ...different(actual, restored, ['clients', 'loadAverage'], packed),
    ...different(actual, restored, ['interfaces'], packedInterfaces),
    ...attributeDifference(actual.attributes, restored.attributes),
  })
}

export function linkDifference(actual: Link, restored: Link): Json | undefined {
  return compact({
    ...different(actual, restored, ['id']),
    ...different(actual, restored, ['type'], orNull),
    ...different(actual, restored, ['up', 'latencyMs'], packed),
    a: sideDifference(actual.a, restored.a),
    b: sideDifference(actual.b, restored.b),
    ...attributeDifference(actual.attributes, restored.attributes),
  })
}

function sideDifference(actual: LinkSide, restored: LinkSide): Json | undefined {
  return compact({
    ...different(actual, restored, ['iface'], orNull),
    ...different(actual, restored, ['etx', 'tq', 'cost'], packed),
  })
}

export function attributeDifference(actual: Readonly<Json>, restored: Readonly<Json>): Json {
  const attributes: Json = {}
  for (const [key, value] of Object.entries(actual)) {
    if (!isDeepStrictEqual(value, restored[key])) define(attributes, key, value)
  }
  const without = Object.keys(restored).filter((key) => !Object.hasOwn(actual, key))
  return {
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(without.length > 0 && { without }),
  }
}

/** The spec with everything that the extension says in place of what the native form said. */
export function extendNode(spec: NodeSpec, extension: NodeExtension): NodeSpec {
  const { attributes: _, without: __, ...fields } = extension
  return {
    ...spec,
    ...fields,
    id: fields.id ?? spec.id,
    attributes: extendAttributes(spec.attributes, extension),
  }
}

export function extendLink(spec: LinkSpec, extension: LinkExtension): LinkSpec {
  const { attributes: _, without: __, whole: ___, a, b, ...fields } = extension
  return {
    ...spec,
    ...fields,
    a: { ...sideOf(spec.a), ...a },
    b: { ...sideOf(spec.b), ...b },
    attributes: extendAttributes(spec.attributes, extension),
  }
}

export function extendAttributes(
  native: Readonly<Json> | undefined,
  { attributes = {}, without = [] }: AttributeExtension,
): Json {
  const merged: Json = { ...native, ...attributes }
  for (const key of without) delete merged[key]
  return merged
}

function sideOf(end: string | SideSpec): SideSpec {
  return typeof end === 'string' ? { node: end } : end
}

function different<T extends object, K extends keyof T & string>(
  actual: T,
  restored: T,
  keys: readonly K[],
  pack: (value: T[K]) => unknown = (value) => value,
): Json {
  const changed = keys.filter((key) => !isDeepStrictEqual(actual[key], restored[key]))
  return Object.fromEntries(changed.map((key) => [key, pack(actual[key])]))
}

function packed(observation: Observation<unknown>): Json {
  if (!observation.known) return { unknown: observation.reason ?? null }
  const { value, source, observedAt } = observation
  return { value: value === Number.POSITIVE_INFINITY ? 'Infinity' : value, source, at: observedAt }
}

function packedInterfaces(interfaces: MeshNode['interfaces']): Json[] {
  return interfaces.map(({ name, up, mtu, rxcost }) => ({
    name,
    up: packed(up),
    mtu: packed(mtu),
    rxcost: packed(rxcost),
  }))
}

function orNull(value: unknown): unknown {
  return value ?? null
}

function compact(record: Json): Json | undefined {
  const entries = Object.entries(record).filter(([, value]) => value !== undefined)
  return entries.length === 0 ? undefined : Object.fromEntries(entries)
}

/** Assignment that takes `__proto__` for a key like any other. */
export function define(record: Json, key: string, value: unknown): void {
  Object.defineProperty(record, key, { value, enumerable: true, configurable: true, writable: true })
}
