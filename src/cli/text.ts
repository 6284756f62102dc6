export { printable } from '../core/index.ts'

/** As JSON spells them: for JSON, which stays the same value. Colours and line ends stay what they are. */
export function spellHidden(text: string): string {
  return text.replace(/[\u007f-\u009f\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}

export interface Style {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly red: (text: string) => string
  readonly yellow: (text: string) => string
}

export function styleFor(color: boolean): Style {
  const wrap = (on: number, off: number) => (text: string) => {
    return color && text !== '' ? `\u001b[${on}m${text}\u001b[${off}m` : text
  }
  return { bold: wrap(1, 22), dim: wrap(2, 22), red: wrap(31, 39), yellow: wrap(33, 39) }
}

/** `1,395`. */
export function count(value: number): string {
  return value.toLocaleString('en-US')
}

/** `1 node`, `2 nodes`, `no nodes`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  if (value === 0) return `no ${many}`
  return `${count(value)} ${value === 1 ? one : many}`
}

/** `a, b, c and 4 more`. */
export function someOf(names: readonly string[], most: number): string {
  if (names.length <= most) return names.join(', ')
  return `${names.slice(0, most).join(', ')} and ${count(names.length - most)} more`
}

/** `under a minute`, `3 minutes`, `5 hours`, `12 days`, `6.2 years`. */
export function duration(ms: number): string {
  const [minutes, hours, days] = [ms / 60_000, ms / 3_600_000, ms / 86_400_000]
  if (minutes < 1) return 'under a minute'
  if (minutes < 120) return plural(Math.floor(minutes), 'minute')
  if (hours < 48) return plural(Math.floor(hours), 'hour')
  if (days < 730) return plural(Math.floor(days), 'day')
  return `${(days / 365.25).toFixed(1)} years`
}
