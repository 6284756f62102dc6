const ZERO_WIDTH = /\p{M}/u
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u

/** Columns that the text, without colours, takes on a terminal. */
function displayWidth(text: string): number {
  let width = 0
  for (const character of text) {
    if (!ZERO_WIDTH.test(character)) width += WIDE.test(character) ? 2 : 1
  }
  return width
}

/** The text itself, or its beginning and an ellipsis, in at most `width` columns. */
function truncate(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  for (const character of text) {
    if (displayWidth(kept + character) > width - 1) break
    kept += character
  }
  return `${kept.trimEnd()}…`
}

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Widest that the column may get; longer cells are cut. */
  readonly max?: number
  /** Takes what the line leaves, and is cut there. For the last column. */
  readonly fill?: boolean
}

/** A text, or one that is painted after it was cut and padded. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string }

/** Least room for a column that fills the line. */
const LEAST_FILL = 20

/** An aligned table, two blanks between columns, none after the last, in at most `width` columns where it can. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { paintTitle, width }: { readonly paintTitle: (text: string) => string; readonly width: number },
): string[] {
  const textOf = (cell: Cell | undefined) => (typeof cell === 'object' ? cell.text : (cell ?? ''))
  const lines = [columns.map(({ title }): Cell => ({ text: title, paint: paintTitle })), ...rows]
  const natural = columns.map(({ max = Number.POSITIVE_INFINITY }, i) => {
    return Math.min(
      max,
      lines.reduce((widest, line) => Math.max(widest, displayWidth(textOf(line[i]))), 0),
    )
  })
  const fixed = columns.reduce((sum, { fill }, i) => sum + (fill ? 0 : (natural[i] ?? 0) + 2), 0)
  const rest = Math.max(LEAST_FILL, width - fixed)
  const widths = columns.map(({ fill }, i) => (fill ? Math.min(natural[i] ?? 0, rest) : (natural[i] ?? 0)))
  return lines.map((line) => {
    const padded = columns.map(({ align }, i) => {
      const cell = line[i]
      const text = truncate(textOf(cell), widths[i] ?? 0)
      const blanks = ' '.repeat((widths[i] ?? 0) - displayWidth(text))
      const painted = typeof cell === 'object' && text !== '' ? cell.paint(text) : text
      if (align === 'right') return blanks + painted
      return i === columns.length - 1 ? painted : painted + blanks
    })
    return padded.join('  ').trimEnd()
  })
}
