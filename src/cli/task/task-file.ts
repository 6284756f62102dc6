import { readFile } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import { parseDocument } from 'yaml'
import { fromUnknown, meshSwarmError } from '../../core/index.ts'
import { type TaskInput, taskSpec } from '../../engine/index.ts'

export interface TaskFile {
  /** What the task says it is called, or the file. */
  readonly name: string
  readonly task: TaskInput
}

/** A task in YAML or JSON, which is YAML as well. Rejects INVALID_INPUT with the place, STEP_LIMIT_EXCEEDED. */
export async function readTaskFile(path: string, signal: AbortSignal): Promise<TaskFile> {
  const task = parse(path, await read(path, signal))
  try {
    const { name } = taskSpec(task)
    return { name: name ?? basename(path, extname(path)), task }
  } catch (thrown) {
    const { code, message, details } = fromUnknown(thrown)
    throw meshSwarmError(code, `${path}: ${message}`, { details: { ...details, file: path }, cause: thrown })
  }
}

async function read(path: string, signal: AbortSignal): Promise<string> {
  try {
    return await readFile(path, { encoding: 'utf8', signal })
  } catch (error) {
    if (signal.aborted) throw error
    throw meshSwarmError('INVALID_INPUT', `${path} cannot be read: ${fromUnknown(error).message}`, {
      cause: error,
    })
  }
}

/** What it holds is checked by `taskSpec`. */
function parse(path: string, text: string): TaskInput {
  // Aliases can blow up a small file to any size (billion laughs).
  const document = parseDocument(text, { prettyErrors: true })
  const [error] = document.errors
  if (error)
    throw meshSwarmError('INVALID_INPUT', `${path} is neither YAML nor JSON: ${error.message}`, {
      details: { file: path, line: error.linePos?.[0].line },
    })
  try {
    return document.toJS({ maxAliasCount: 100 }) as TaskInput
  } catch (thrown) {
    throw meshSwarmError('INVALID_INPUT', `${path}: ${fromUnknown(thrown).message}`, { cause: thrown })
  }
}
