import { type IncidentId, meshSwarmError, printable } from '../core/index.ts'
import type { StampedHealEvent } from './events.ts'

/**
 * The story of one incident from the journal alone, for a person: no name in it can end a line or begin one of its own.
 * Throws INCIDENT_NOT_FOUND for one that is not in it.
 */
export function explain(events: readonly StampedHealEvent[], incident: IncidentId): string {
  const story = events.filter((event) => 'incident' in event && event.incident === incident)
  const [first] = story
  if (!first) {
    throw meshSwarmError(
      'INCIDENT_NOT_FOUND',
      `No incident ${incident} in this journal. 'meshswarm explain' lists them.`,
    )
  }
  const onset = first.kind === 'incident-opened' ? first.onset : first.at
  const lines = [
    printable(`Incident ${incident}`),
    `  first bad measurement ${new Date(onset).toISOString()}`,
    '',
  ]
  for (const event of story) {
    const after = `+${((event.at - onset) / 1000).toFixed(2)} s`.padStart(10)
    tell(event).forEach((line, index) => {
      lines.push(printable(`${index === 0 ? after : ' '.repeat(10)}  ${line}`))
    })
  }
  return lines.join('\n')
}

export interface IncidentLine {
  readonly incident: IncidentId
  readonly title: string
  readonly openedAt: number
  readonly outcome: string
}

export function listIncidents(events: readonly StampedHealEvent[]): readonly IncidentLine[] {
  const lines = new Map<IncidentId, IncidentLine>()
  for (const event of events) {
    if (event.kind === 'incident-opened') {
      const { incident, title, at } = event
      lines.set(incident, { incident, title, openedAt: at, outcome: 'open' })
    }
    if (event.kind !== 'incident-closed' && event.kind !== 'interrupted') continue
    const line = lines.get(event.incident)
    const outcome = event.kind === 'interrupted' ? 'interrupted' : event.outcome
    if (line) lines.set(event.incident, { ...line, outcome })
  }
  return [...lines.values()]
}

function tell(event: StampedHealEvent): string[] {
  switch (event.kind) {
    case 'incident-opened':
      return [`detected: ${event.title}`, ...event.symptoms.map(({ key, kind }) => `symptom ${kind} ${key}`)]
    case 'evidence':
      return [`evidence${event.agent ? ` by ${event.agent}` : ''}: ${event.text}`]
    case 'hypotheses':
      return event.hypotheses.flatMap(({ cause, probability, evidence }) => [
        `hypothesis ${cause}, ${Math.round(probability * 100)} %`,
        ...evidence.map(({ text, weight }) => `  ${weight >= 1 ? 'for' : 'against'}: ${text}`),
      ])
    case 'planned':
      return [
        ...event.remedies.map(
          ({ title, risk, prediction: { deliveredBefore, deliveredAfter, healedAfterMs } }) => {
            const time =
              healedAfterMs === undefined ? 'no time predicted' : `in ${(healedAfterMs / 1000).toFixed(1)} s`
            const gain = `${Math.round(deliveredBefore * 100)} % -> ${Math.round(deliveredAfter * 100)} % delivered`
            return `plan: ${title} (tier ${risk}; predicted ${gain}, ${time})`
          },
        ),
        ...event.rejected.map((text) => `not planned: ${text}`),
      ]
    case 'action-applied':
      return [`${event.agent}: ${event.text} (undone by the node unless confirmed)`]
    case 'action-failed':
      return [`failed: ${event.code}: ${event.text}`]
    case 'hastened':
      return [
        `${event.agent}: makes the daemons of ${event.nodes} nodes answer at once for ${event.forMs / 1000} s`,
      ]
    case 'verified':
      return [
        `verified: ${event.helped ? 'it helped' : 'it did not help'}; ${event.text} after ${Math.round(event.tookMs)} ms`,
      ]
    case 'confirmed':
      return [`confirmed ${event.change}`]
    case 'rolled-back':
      return [`rolled back ${event.change}: ${event.text}`]
    case 'quarantined':
      return [`kept off until it has been good for ${Math.round(event.quarantine.holdMs / 1000)} s`]
    case 'given-back':
      return [`given back: ${event.text}`]
    case 'incident-closed':
      return [`${event.outcome}: ${event.text}`]
    case 'interrupted':
      return [event.text]
    case 'decision':
    case 'run-started':
    case 'monitor-trouble':
      return []
  }
}
