import { join } from 'node:path'
import { entropySeed, randomIds, seededRandom } from '../../core/index.ts'
import { EmbeddedBackend, TaskRunner } from '../../engine/index.ts'
import type { CliContext } from '../context.ts'
import { printable } from '../text.ts'

export const DEFAULT_STORE = join('.meshswarm', 'tasks.db')

export interface OpenTasks extends AsyncDisposable {
  readonly backend: EmbeddedBackend
  readonly runner: TaskRunner
}

/** Opens the store of the tasks, and says so where it was damaged. */
export async function openTasks(
  { clock, stderr }: Pick<CliContext, 'clock' | 'stderr'>,
  file: string,
): Promise<OpenTasks> {
  const ids = randomIds(seededRandom(entropySeed()))
  const backend = await EmbeddedBackend.open({ clock, ids }, { file })
  const { damage } = backend
  if (damage)
    stderr.write(
      `${printable(file)} was damaged (${damage.why}); it lies in ${printable(damage.movedTo)} now\n`,
    )
  const runner = new TaskRunner({ backend, clock })
  return { backend, runner, [Symbol.asyncDispose]: () => backend.close() }
}
