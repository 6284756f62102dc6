import { hash } from 'node:crypto'

/** Of canonical JSON: keys sorted, no white space, what is undefined left out. */
export function paramsHash(params: unknown): string {
  return hash('sha256', canonicalJson(params))
}

/** ECMAScript's own numbers and strings, as in RFC 8785; keys in their order, those that are whole numbers first. */
export function canonicalJson(value: unknown): string {
  const sorted = (_: string, part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  }
  return JSON.stringify(value, sorted) ?? 'null'
}
