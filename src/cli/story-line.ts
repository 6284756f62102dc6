import type { StampedHealEvent } from '../mapek/index.ts'
import { printable } from './text.ts'

/**
 * One event as one line for a person who watches; undefined for events that only the journal needs. Names and errors in it
 * are what nodes and daemons say.
 */
export function storyLine(event: StampedHealEvent): string | undefined {
  const at = new Date(event.at).toISOString().slice(11, 22)
  const text = textOf(event)
  return text === undefined ? undefined : printable(`${at}  ${text}`)
}

function textOf(event: StampedHealEvent): string | undefined {
  switch (event.kind) {
    case 'run-started':
      return `watching ${event.nodes} nodes of ${event.mesh} (${event.source}) with ${event.agents} agents, mode ${event.mode}`
    case 'incident-opened':
      return `${event.incident}  SEES     ${event.title}`
    case 'hypotheses': {
      const [first] = event.hypotheses
      return (
        first &&
        `${event.incident}  THINKS   ${first.cause}, ${Math.round(first.probability * 100)} %: ${first.evidence.map(({ text }) => text).join('; ')}`
      )
    }
    case 'planned': {
      const [first] = event.remedies
      return (
        first &&
        `${event.incident}  PLANS    ${first.title} (predicted: ${Math.round(first.prediction.deliveredAfter * 100)} % delivered)`
      )
    }
    case 'action-applied':
      return `${event.incident}  DOES     ${event.text} (${event.agent})`
    case 'action-failed':
      return `${event.incident}  FAILED   ${event.code}: ${event.text}`
    case 'verified':
      return `${event.incident}  CHECKS   ${event.helped ? 'it helped' : 'it did not help'}: ${event.text}`
    case 'rolled-back':
      return `${event.incident}  UNDOES   ${event.change}: ${event.text}`
    case 'given-back':
      return `${event.incident}  RETURNS  ${event.text}`
    case 'incident-closed':
      return `${event.incident}  ${event.outcome.toUpperCase().padEnd(9)} ${event.text}`
    case 'interrupted':
      return `${event.incident}  WAS CUT  ${event.text}`
    case 'monitor-trouble':
      return `TROUBLE  ${event.text}`
    case 'confirmed':
    case 'decision':
    case 'evidence':
    case 'hastened':
    case 'quarantined':
      return undefined
  }
}
