import type { z } from 'zod'
import { invalidTopology } from '../topology/index.ts'

/** What the schema makes of the value. Throws INVALID_TOPOLOGY that names the path of the first problem. */
export function checked<T extends z.ZodType>(schema: T, value: unknown, place = ''): z.output<T> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [first] = result.error.issues
  const more = result.error.issues.length - 1
  const where = pathText(place, first?.path ?? [])
  const what = `${decapitalised(first?.message ?? 'does not fit')}${more > 0 ? ` (and ${more} more)` : ''}`
  throw invalidTopology(where, what)
}

/** `nodes[3].node_id`; `the document` for the root. */
function pathText(place: string, path: readonly PropertyKey[]): string {
  let text = place
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else text += text === '' ? String(key) : `.${String(key)}`
  }
  return text === '' ? 'the document' : text
}

function decapitalised(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
