/** Who attacks, and how. Times are means of an exponential distribution. */
export interface AttackPlan {
  readonly name: string
  readonly words: string
  /** Who has turned: agents of this role, this many. */
  readonly role: 'healer' | 'lead'
  readonly members: number
  /** Between two tries of one member. */
  readonly everyMs: number
  /** `sweep`: any node of the mesh. `probe`: the same, by looking and by writing. `quiet`: what it may, and only that. */
  readonly style: 'sweep' | 'probe' | 'quiet'
  /** Goes on with its honest work, and hides in it; never does harm twice within `everyMs` of a capability for a repair. */
  readonly camouflaged: boolean
  /** Makes itself a sub-agent, under a new name, after so many tries. */
  readonly renewAfter?: number
  /** Has copies of the members' capabilities and not their keys; the members stay honest. */
  readonly thief?: true
  /** When it begins: as soon as a member holds a capability to change something, in a crisis, or any time. */
  readonly begins: 'with a step' | 'in a crisis' | 'any time'
}

const FAST = { role: 'healer', style: 'sweep', camouflaged: false, begins: 'with a step' } as const
const QUIET = { role: 'healer', style: 'quiet', camouflaged: true, begins: 'in a crisis' } as const

/** The attacks that the goals are about. */
export const ATTACKS: readonly AttackPlan[] = [
  { ...FAST, name: 'single', words: 'one rogue agent', members: 1, everyMs: 2000 },
  {
    ...{ ...FAST, name: 'slow', words: 'one slow rogue agent', members: 1 },
    ...{ everyMs: 60_000, camouflaged: true, begins: 'any time' },
  },
  {
    ...FAST,
    name: 'probing',
    words: 'one agent that tries what it may',
    members: 1,
    everyMs: 3000,
    style: 'probe',
  },
  {
    ...{ ...FAST, name: 'coalition', words: 'twenty rogue agents at once', members: 20 },
    ...{ everyMs: 3000, begins: 'in a crisis' },
  },
  {
    ...{ ...FAST, name: 'slow coalition', words: 'twenty slow rogue agents', members: 20 },
    ...{ everyMs: 120_000, camouflaged: true, begins: 'in a crisis' },
  },
  {
    ...{ ...FAST, name: 're-registering', words: 'one agent that keeps coming back under new names' },
    ...{ members: 1, everyMs: 2000, renewAfter: 3 },
  },
  {
    ...{ ...FAST, name: 'stolen token', words: 'a thief with five tokens and no keys', members: 5 },
    ...{ everyMs: 2000, thief: true },
  },
]

/**
 * Those that know every limit and every test and stay below: they write what they were given for a repair, one node for
 * each capability, and try what they may not only up to nine tenths of the evidence. And a lead, with a standing right.
 */
export const ADAPTIVE_ATTACKS: readonly AttackPlan[] = [
  { ...QUIET, name: 'adaptive', words: 'one agent that knows the limits', members: 1, everyMs: 60_000 },
  {
    ...{ ...QUIET, name: 'adaptive coalition', words: 'twenty agents that know the limits' },
    ...{ members: 20, everyMs: 60_000 },
  },
  { ...FAST, name: 'rogue lead', words: 'a lead, in a hurry', role: 'lead', members: 1, everyMs: 2000 },
  {
    ...{ ...QUIET, name: 'adaptive lead', words: 'a lead that knows the limits' },
    ...{ role: 'lead', members: 1, everyMs: 60_000 },
  },
]
