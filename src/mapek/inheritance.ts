import type { IncidentId } from '../core/index.ts'
import type { Inheritance } from './coordinator.ts'
import type { HealEvent } from './events.ts'
import type { Quarantine } from './remedy/quarantine.ts'

/** Folds a journal: incidents that were opened and never closed or reported, things still kept off. */
export function inheritFrom(events: Iterable<HealEvent>): Inheritance {
  const open = new Set<IncidentId>()
  const quarantines = new Map<string, Quarantine>()
  for (const event of events) {
    switch (event.kind) {
      case 'incident-opened':
        open.add(event.incident)
        break
      case 'incident-closed':
      case 'interrupted':
        open.delete(event.incident)
        break
      case 'quarantined':
        quarantines.set(event.quarantine.key, event.quarantine)
        break
      case 'given-back':
        quarantines.delete(event.key)
        break
    }
  }
  return { openIncidents: [...open], quarantines: [...quarantines.values()] }
}
