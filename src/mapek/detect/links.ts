import type { Link, MeshSnapshot } from '../../mesh/index.ts'
import type { HealthBook } from '../health/health-book.ts'
import type { DirectionHealth, LinkVerdict } from '../health/link-health.ts'
import type { MapekOptions } from '../options.ts'
import type { LinkSymptom } from './symptom.ts'

/** From worst to least: what a link shows when its directions differ. */
const TROUBLES = ['dead', 'lossy', 'drops-large', 'saturated'] as const

/** Links that lose, delay or swallow packets, by probes straight over them in each direction. */
export function detectLinks(snapshot: MeshSnapshot, book: HealthBook, options: MapekOptions): LinkSymptom[] {
  const symptoms: LinkSymptom[] = []
  for (const link of snapshot.links.values()) {
    const symptom = linkSymptom(link, book, options)
    if (symptom) symptoms.push(symptom)
  }
  return symptoms
}

function linkSymptom(link: Link, book: HealthBook, options: MapekOptions): LinkSymptom | undefined {
  const directions = book.both(link)
  const verdicts = directions.map((direction) => direction.verdict(options))
  const trouble = TROUBLES.find((kind) => verdicts.includes(kind))
  if (!trouble) return undefined
  const affected = directions.filter((_, index) => isTrouble(verdicts[index] ?? 'unknown'))
  return {
    kind: 'link',
    key: `link:${link.id}`,
    link: link.id,
    onset: Math.min(...affected.map((direction) => onsetOf(direction, trouble))),
    trouble,
    senders: affected.map((direction) => direction.from),
    lossRate: most(affected.map((direction) => direction.lossRate())),
    delayMs: most(affected.map((direction) => direction.lastDelayMs)),
  }
}

function isTrouble(verdict: LinkVerdict): boolean {
  return TROUBLES.some((kind) => kind === verdict)
}

function onsetOf(direction: DirectionHealth, trouble: LinkSymptom['trouble']): number {
  const dead = trouble === 'dead' ? direction.small.deadSince : undefined
  return dead ?? direction.badSince ?? Number.POSITIVE_INFINITY
}

function most(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined)
  return known.length === 0 ? undefined : Math.max(...known)
}

/** Links that may turn out dead within the next rounds: one cause may be about to show its other ends. */
export function pendingDeadLinks(snapshot: MeshSnapshot, book: HealthBook, options: MapekOptions): Link[] {
  return [...snapshot.links.values()].filter((link) =>
    book.both(link).some(({ small }) => small.deadTicks >= 2 && small.deadTicks < options.deadTicks),
  )
}
