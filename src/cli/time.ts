import { InvalidArgumentError } from 'commander'

/** Reads an option that is a time, as commander wants it: ms since the Unix epoch. */
export function time(text: string): number {
  const at = Date.parse(text)
  if (/^\d{4}-/.test(text) && !Number.isNaN(at)) return at
  throw new InvalidArgumentError('Not a time like 2026-11-28T01:00Z.')
}
