import { invalidTopology } from '../topology/index.ts'

/** JSON with the place of a mistake. Throws INVALID_TOPOLOGY with line and column. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const offset = findMistake(text)
    const what =
      offset >= text.length ? 'the JSON ends too early' : `unexpected ${shown(text, offset)} in JSON`
    throw invalidTopology(lineAndColumn(text, offset), what, error)
  }
}

/** `line 3, column 7`, both from 1. */
export function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset)
  const line = before.split('\n').length
  return `line ${line}, column ${offset - before.lastIndexOf('\n')}`
}

/** `lineAndColumn` for many places of the same text. */
export function placeFinder(text: string): (offset: number) => string {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let [low, high] = [0, starts.length]
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return `line ${low + 1}, column ${offset - (starts[low] ?? 0) + 1}`
  }
}

export function shown(text: string, offset: number): string {
  const character = String.fromCodePoint(text.codePointAt(offset) ?? 0)
  return /[\p{C}\p{Z}]/u.test(character)
    ? `character U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
    : `"${character}"`
}

const SPACE = /[ \t\n\r]*/y
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y

type Expected = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end'

/**
 * Offset of the first character that JSON (RFC 8259) does not allow where it stands; the length of the text
 * where it ends too early. `JSON.parse` tells only sometimes. Without recursion: depth costs no stack.
 */
export function findMistake(text: string): number {
  const open: string[] = []
  let offset = 0
  let expected: Expected = 'value'
  for (;;) {
    offset = endOf(SPACE, text, offset)
    const character = text[offset]
    if (character === undefined) return text.length
    if (character === closing(open.at(-1)) && expected.endsWith('end')) {
      open.pop()
      offset++
      expected = 'comma-or-end'
    } else if (expected === 'comma-or-end') {
      if (character !== ',' || open.length === 0) return offset
      offset++
      expected = open.at(-1) === '{' ? 'key' : 'value'
    } else if (expected === 'colon') {
      if (character !== ':') return offset
      offset++
      expected = 'value'
    } else if (character === '"') {
      const end = stringEnd(text, offset)
      if (text[end] !== '"') return end
      offset = end + 1
      expected = expected.startsWith('key') ? 'colon' : 'comma-or-end'
    } else if (expected.startsWith('key')) return offset
    else if (character === '{' || character === '[') {
      open.push(character)
      offset++
      expected = character === '{' ? 'key-or-end' : 'value-or-end'
    } else {
      const end = endOf(SCALAR, text, offset)
      if (end === offset) return offset
      offset = end
      expected = 'comma-or-end'
    }
  }
}

function closing(bracket: string | undefined): string {
  if (bracket === undefined) return ''
  return bracket === '{' ? '}' : ']'
}

/** Offset of the closing quote, or of the character that the string cannot hold. */
function stringEnd(text: string, start: number): number {
  let offset = start + 1
  while (offset < text.length) {
    const code = text.charCodeAt(offset)
    if (code === 0x22 || code < 0x20) return offset
    if (code !== 0x5c) offset++
    else {
      const end = endOf(ESCAPE, text, offset)
      if (end === offset) return offset
      offset = end
    }
  }
  return offset
}

function endOf(pattern: RegExp, text: string, offset: number): number {
  pattern.lastIndex = offset
  return pattern.test(text) ? pattern.lastIndex : offset
}
