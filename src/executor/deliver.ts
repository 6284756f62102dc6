import { type Clock, fromUnknown, hasCode, type IdSource } from '../core/index.ts'
import { tellExecutor } from '../mesh/index.ts'
import { isEnrolled, NodeAuthority } from '../security/index.ts'
import { nodePlaces } from './program.ts'

/** What became of a statement at the nodes of one executor. */
export interface Delivery {
  /** Where their authority is laid down. */
  readonly directory: string
  /**
   * `told`: the executor runs and obeys now. `written`: it does not run, and obeys when it starts. `others`: the nodes
   * are under another root, or under none. `failed`: nobody knows, and `why` says the reason.
   */
  readonly outcome: 'told' | 'written' | 'others' | 'failed'
  readonly why?: string
}

export interface DeliveryComponents {
  readonly clock: Clock
  readonly ids: IdSource
}

/** An executor that hangs must not keep the others from hearing of it. */
const ANSWER_MS = 5000

/** Brings a statement of the authority to all nodes of this machine, at once, whether or not their executors run. */
export async function deliver(
  components: DeliveryComponents,
  statement: unknown,
  signal: AbortSignal,
): Promise<readonly Delivery[]> {
  return Promise.all(
    nodePlaces().map(async ({ directory, executor }): Promise<Delivery> => {
      try {
        const limited = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
        if (await isTold(executor, statement, limited)) return { directory, outcome: 'told' }
        if (!isEnrolled(directory)) return { directory, outcome: 'others' }
        await write(components, directory, statement)
        return { directory, outcome: 'written' }
      } catch (thrown) {
        const { code, message: why } = fromUnknown(thrown)
        // A signature of another root, or nodes that nobody has put under one.
        return code === 'ACTION_DENIED'
          ? { directory, outcome: 'others' }
          : { directory, outcome: 'failed', why }
      }
    }),
  )
}

async function write(components: DeliveryComponents, directory: string, statement: unknown): Promise<void> {
  const nodes = await NodeAuthority.open(components, { directory, past: [] })
  try {
    await nodes.tell(statement)
  } finally {
    await nodes[Symbol.asyncDispose]()
  }
}

/** False where no executor runs there. */
async function isTold(executor: string, statement: unknown, signal: AbortSignal): Promise<boolean> {
  try {
    await tellExecutor(executor, statement, signal)
    return true
  } catch (error) {
    if (hasCode(error, 'UNAVAILABLE')) return false
    throw error
  }
}
