import { invalidTopology } from '../topology/index.ts'
import { lineAndColumn, shown } from './json-text.ts'

/** GML (Himsolt, 1997): `key value` pairs, where a value is a number, a "string" or a [ list of pairs ]. */
export type GmlValue = number | string | GmlList

export interface GmlPair {
  readonly key: string
  readonly value: GmlValue
  /** Offset of the key in the text. */
  readonly offset: number
}

export type GmlList = readonly GmlPair[]

/** Real files use three levels; deeper than this is an attack or garbage. */
const MAX_DEPTH = 32

const TOKEN =
  /\s*(?:#[^\n]*\n?\s*)*(?:([A-Za-z_][A-Za-z0-9_]*)|([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|"([^"]*)"|([[\]]))?/y

/** Throws INVALID_TOPOLOGY with line and column. */
export function parseGml(text: string): GmlList {
  let offset = 0
  let start = 0
  const next = (): RegExpExecArray => {
    TOKEN.lastIndex = offset
    const match = TOKEN.exec(text) as RegExpExecArray
    offset = TOKEN.lastIndex
    start =
      offset - (match[1] ?? match[2] ?? match[4] ?? (match[3] === undefined ? '' : `"${match[3]}"`)).length
    return match
  }
  const mistake = (expected: string): never => {
    const where = lineAndColumn(text, start)
    if (start >= text.length) throw invalidTopology(where, `the file ends where ${expected} belongs`)
    if (text[start] === '"' && offset === start)
      throw invalidTopology(where, 'a string without its closing quote')
    throw invalidTopology(where, `${shown(text, start)} where ${expected} belongs`)
  }
  const list = (depth: number): GmlPair[] => {
    const pairs: GmlPair[] = []
    for (;;) {
      const [, key, , , bracket] = next()
      if (bracket === ']' && depth > 0) return pairs
      if (key === undefined) {
        if (depth === 0 && start >= text.length) return pairs
        return mistake(depth > 0 ? 'a key or "]"' : 'a key')
      }
      const keyOffset = start
      pairs.push({ key, value: value(depth), offset: keyOffset })
    }
  }
  const value = (depth: number): GmlValue => {
    const [, , number, string, bracket] = next()
    if (string !== undefined) return decodeEntities(string)
    if (bracket === '[') return depth < MAX_DEPTH ? list(depth + 1) : mistake('less nesting')
    const numeric = Number(number)
    return number !== undefined && Number.isFinite(numeric) ? numeric : mistake('a number, a "string" or "["')
  }
  return list(0)
}

const NAMED: Readonly<Record<string, string>> = {
  quot: '"',
  amp: '&',
  lt: '<',
  gt: '>',
  apos: "'",
  nbsp: '\u00a0',
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|([a-z]+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[name] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
}

/** A string as GML takes it: printable ASCII, the rest as character entities. */
export function gmlString(text: string): string {
  const encoded = text.replace(/["&]|[^ -~]/gu, (character) => {
    if (character === '"') return '&quot;'
    return character === '&' ? '&amp;' : `&#${character.codePointAt(0)};`
  })
  return `"${encoded}"`
}
