import { z } from 'zod'
import { meshSwarmError } from '../../core/index.ts'
import { CAPABILITY_ACTIONS, isName, type Restriction } from './scope.ts'

/** The last moment of the year 9999: later dates have another form. */
const LAST = 253_402_300_799_000
const name = z.string().refine(isName, 'no name that a token can hold')
const count = z.int().min(0).max(999_999_999)

const restrictionSchema = z.strictObject({
  actions: z.array(z.enum(CAPABILITY_ACTIONS)).min(1).optional(),
  nodes: z.union([z.literal('all'), z.array(name).min(1).max(1000)]).optional(),
  regions: z.array(name).max(10).optional(),
  until: z.number().positive().max(LAST).optional(),
  maxTier: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)]).optional(),
  perMinute: count.min(1).optional(),
  blast: z.strictObject({ nodes: count, windowMs: count.min(1) }).optional(),
})

/** Throws INVALID_INPUT, with the faults as details, for a restriction that no token can hold. */
export function checkRestriction(restriction: Restriction): void {
  const checked = restrictionSchema.safeParse(restriction)
  if (checked.success) return
  const faults = checked.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw meshSwarmError('INVALID_INPUT', `No capability can say this: ${faults.join('; ')}.`, {
    details: { faults },
  })
}
