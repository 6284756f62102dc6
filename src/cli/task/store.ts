import { join } from 'node:path'
import { entropySeed, randomIds, seededRandom } from '../../core/index.ts'
import { EmbeddedBackend, TaskRunner } from '../../engine/index.ts'
import type { Metrics } from '../../telemetry/index.ts'
import type { CliContext } from '../context.ts'
import { printable } from '../text.ts'

export const DEFAULT_STORE = join('.meshswarm', 'tasks.db')

export interface OpenTasks {
  readonly backend: EmbeddedBackend
  readonly runner: TaskRunner
  readonly metrics: Metrics | undefined
}

/** Works with the store of the tasks, and closes it again; says so where it was damaged. */
export async function withTasks<T>(
  {
    clock,
    stderr,
    metrics,
  }: Pick<CliContext, 'clock' | 'stderr'> & { readonly metrics?: Metrics | undefined },
  file: string,
  work: (tasks: OpenTasks) => Promise<T>,
): Promise<T> {
  const ids = randomIds(seededRandom(entropySeed()))
  const backend = await EmbeddedBackend.open({ clock, ids, metrics }, { file })
  try {
    const { damage } = backend
    if (damage)
      stderr.write(
        `${printable(file)} was damaged (${damage.why}); it lies in ${printable(damage.movedTo)} now\n`,
      )
    return await work({ backend, metrics, runner: new TaskRunner({ backend, clock, metrics }) })
  } finally {
    await backend.close()
  }
}
