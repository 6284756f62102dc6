import { availableParallelism } from 'node:os'
import { Tinypool } from 'tinypool'
import { throwIfCancelled } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { Tool } from '../task/tool.ts'

/** A thread that has had nothing to do for so long ends. */
const IDLE_MS = 5000

export interface ThreadToolOptions {
  readonly name: string
  /** Its default export does the work: `(input) => value`, both JSON, the value or a promise of it. */
  readonly module: URL
  readonly idempotent?: boolean
}

/**
 * Threads for work of the processor, as many as there are cores, and the tools that run on them: this process, with all
 * that it has under way, goes on meanwhile. Work that is stopped, a loop without end included, ends with its thread.
 */
export class Threads {
  readonly #pool: Tinypool

  constructor({ most = availableParallelism() }: { readonly most?: number } = {}) {
    const runtime = 'worker_threads'
    this.#pool = new Tinypool({ runtime, minThreads: 0, maxThreads: most, idleTimeout: IDLE_MS })
  }

  /** Threads that there are now. */
  get size(): number {
    return this.#pool.threads.length
  }

  tool({ name, module, idempotent = false }: ThreadToolOptions): Tool {
    return {
      name,
      idempotent,
      run: async ({ input }, signal) => {
        throwIfCancelled(signal, 'The work')
        return (await this.#pool.run(input, { filename: module.href, signal })) as Json
      },
    }
  }

  /** Ends every thread; what is under way fails. A second call does nothing. */
  async close(): Promise<void> {
    await this.#pool.destroy()
  }
}
