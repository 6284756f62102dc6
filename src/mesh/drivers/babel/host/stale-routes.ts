import { runIn } from './exec.ts'
import type { NodePlace } from './node-place.ts'
import { startDetached } from './processes.ts'

/** `proto babel` of the kernel's routing tables. */
const PROTO = '42'
/** Worse than any route that a daemon installs, better than its unreachable ones (4294967295). */
const STALE_METRIC = 60_000
/** A new daemon has heard all its neighbours by then. */
const STALE_S = 8

/**
 * What a daemon that was killed has left in the kernel goes on carrying traffic, but makes room for the routes of its
 * successor (graceful restart, as in RFC 4724). babeld adds its routes with NLM_F_EXCL and takes EEXIST for success:
 * beside a route of the same metric its own is never installed, and its table and the kernel's disagree until
 * somebody removes the old one. What is demoted goes away by itself, whoever has ended by then.
 */
export async function demoteStaleRoutes(place: NodePlace): Promise<void> {
  await Promise.all(['-6', '-4'].map((family) => demote(place, family).catch(() => undefined)))
  expire(place)
}

/** Rejects with UNAVAILABLE where there is no `ip`, or a route went with its interface: no reason not to restart. */
async function demote(place: NodePlace, family: string): Promise<void> {
  const shown = await runIn(place, ['ip', family, 'route', 'show', 'table', 'all', 'proto', PROTO])
  const input = demotion(shown)
  if (input !== '') await runIn(place, ['ip', family, '-force', '-batch', '-'], { input })
}

function expire(place: NodePlace): void {
  const flush = ['-6', '-4'].map(
    (family) => `ip ${family} route flush table all proto ${PROTO} metric ${STALE_METRIC}`,
  )
  const script = [`sleep ${STALE_S}`, ...flush].join('; ')
  startDetached(place, ['sh', '-c', script], `${place.socket}.log`)
}

/** From `ip route show` to the batch for `ip`: each route once more under the stale metric, then without the old one. */
export function demotion(shown: string): string {
  return shown
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .flatMap((line) => {
      const route = line.replace(/ (proto|pref|metric) \S+/g, '').trim()
      const metric = / metric (\S+)/.exec(line)?.[1]
      if (metric === String(STALE_METRIC)) return []
      const remove = `route del ${route} proto ${PROTO}${metric === undefined ? '' : ` metric ${metric}`}`
      if (line.startsWith('unreachable ')) return [remove]
      return [`route replace ${route} proto ${PROTO} metric ${STALE_METRIC}`, remove]
    })
    .map((line) => `${line}\n`)
    .join('')
}
