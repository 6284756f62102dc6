const STAMP = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,3})\d*)?\s*(Z|[+-]\d\d:?\d\d)?$/

/**
 * Clock time, in ms, of an ISO 8601 time as mesh files write it: `2020-05-13T13:11:52+0200`, or without a zone,
 * which is taken as UTC (hopglass writes so). Undefined for anything else.
 */
export function parseTimestamp(text: unknown): number | undefined {
  const match = typeof text === 'string' ? STAMP.exec(text.trim()) : null
  if (match === null) return undefined
  const [, year, month, day, hour, minute, second, fraction = '0', zone = 'Z'] = match
  const offset = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(-2)}`
  const time = Date.parse(
    `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.padEnd(3, '0')}${offset}`,
  )
  return Number.isNaN(time) ? undefined : time
}

/** The same in UTC; undefined for a time that a date cannot hold to the millisecond. */
export function formatTimestamp(ms: number): string | undefined {
  return Number.isInteger(ms) && Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined
}
