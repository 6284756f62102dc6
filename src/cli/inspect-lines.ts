import type { NodeRef } from './node-ref.ts'
import { type Cell, type Column, table } from './table.ts'
import { count, printable, type Style, someOf } from './text.ts'

export interface TextOptions {
  /** Length of the lists. */
  readonly top: number
  readonly style: Style
  /** Columns that a line may take. */
  readonly width: number
}

export const NAME: Column = { title: 'node', max: 34 }

/** The table, indented, and how many rows of `total` it does not show. */
export function lined(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  total: number,
  { style, width }: TextOptions,
): string[] {
  const lines = table(columns, rows, { paintTitle: style.dim, width: width - 2 }).map((line) => `  ${line}`)
  const hidden = total - rows.length
  return hidden > 0 ? [...lines, `  and ${count(hidden)} more (--top ${total} shows all)`] : lines
}

export function namely(nodes: readonly NodeRef[]): string {
  return someOf(
    nodes.map((node) => printable(node.name)),
    3,
  )
}
