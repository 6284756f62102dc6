import { fromUnknown } from '../core/index.ts'
import type { Suspension } from '../mesh/index.ts'
import { nodeSuspensions } from '../security/index.ts'
import type { NodePlace } from './node-place.ts'

/** What the nodes of one executor have found that nobody has lifted. */
export interface Found {
  /** Where their authority is laid down. */
  readonly directory: string
  readonly suspensions: readonly Suspension[]
  /** Why it cannot be told. */
  readonly why?: string
}

/** Of all nodes in these places, whether or not their executors run. Changes nothing. */
export function foundHere(places: readonly NodePlace[]): readonly Found[] {
  return places.map(({ directory }) => {
    try {
      return { directory, suspensions: nodeSuspensions(directory) }
    } catch (thrown) {
      return { directory, suspensions: [], why: fromUnknown(thrown).message }
    }
  })
}
