/** Rows in columns, under a header with a line below it. */
export function ruledTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = header.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)),
  )
  const show = (row: readonly string[]) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [show(header), show(widths.map((width) => '-'.repeat(width))), ...rows.map(show)].join('\n')
}
