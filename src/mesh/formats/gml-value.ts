import type { Json } from './codec.ts'
import { define } from './extension.ts'
import { type GmlList, type GmlValue, gmlString } from './gml-text.ts'

/** A list as a record; a key that is there several times becomes an array. */
export function recordOf(list: GmlList): Json {
  const values = new Map<string, unknown[]>()
  for (const { key, value } of list) {
    const plain = plainValue(value)
    const before = values.get(key)
    if (before === undefined) values.set(key, [plain])
    else before.push(plain)
  }
  const record: Json = {}
  for (const [key, all] of values) define(record, key, all.length === 1 ? all[0] : all)
  return record
}

function plainValue(value: GmlValue): unknown {
  return typeof value === 'object' ? recordOf(value) : value
}

/** The values that GML can say and that come back the same. */
function isGmlValue(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value)
  return typeof value === 'string'
}

const KEY = /^[A-Za-z_][A-Za-z0-9_]*$/

export function gmlAttributes(attributes: Readonly<Json>): Json {
  return Object.fromEntries(
    Object.entries(attributes).filter(([key, value]) => KEY.test(key) && isGmlValue(value)),
  )
}

/** `key [ … ]` with one pair a line; what GML has no word for travels as JSON in a string. */
export function printRecord(key: string, record: Readonly<Json>, indent = ''): string {
  const inner = `${indent}  `
  const lines = Object.entries(record).flatMap(([name, value]) => {
    if (Array.isArray(value)) return value.map((each) => printRecord(name, each as Json, inner))
    if (typeof value === 'number') return `${inner}${name} ${numberText(value)}\n`
    return `${inner}${name} ${gmlString(typeof value === 'string' ? value : JSON.stringify(value))}\n`
  })
  return `${indent}${key} [\n${lines.join('')}${indent}]\n`
}

function numberText(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value).replace('e+', 'E').replace('e', 'E')
}
