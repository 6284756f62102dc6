import type { MeshAction } from '../../mesh/index.ts'
import { canonicalJson, paramsHash } from './canonical-json.ts'

/** What persons approve: the hash of a plan's actions. In which order they stand, makes no difference. */
export function planHash(actions: readonly MeshAction[]): string {
  const sorted = actions.map((action) => ({ action, text: canonicalJson(action) }))
  sorted.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0))
  return paramsHash(sorted.map(({ action }) => action))
}

export function isPlan(text: string): boolean {
  return /^[0-9a-f]{64}$/.test(text)
}
