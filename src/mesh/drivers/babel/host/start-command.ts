import { basename } from 'node:path'

/**
 * The inventory's start command with defaults for a quick return. On a wire babeld counts a new neighbour as
 * unreachable until it has heard two hellos of it, and its neighbour, which still had a good route, takes that
 * away for up to 12 s at default timers: a second outage after the first. With `link-quality` the cost is finite
 * from the first hello and the same as before after a few. An operator who set it in the command
 * is not overruled; a command that is no babeld's own is left alone, and `rxcost` then has no effect.
 */
export function startCommand(start: readonly string[], rxcost?: number): readonly string[] {
  const place = start.findIndex((word) => basename(word) === 'babeld')
  // `systemctl start babeld` takes no options of babeld's.
  if (place < 0 || !start.slice(place).some((word) => /^-[GgCcIS]/.test(word))) return start
  const decided = start.some((word) => word.includes('link-quality'))
  const defaults = [
    ...(rxcost === undefined ? [] : [`rxcost ${rxcost}`]),
    ...(decided ? [] : ['link-quality true']),
  ]
  if (defaults.length === 0) return start
  return start.toSpliced(place + 1, 0, '-C', `default ${defaults.join(' ')}`)
}
