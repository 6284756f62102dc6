import { readFile, stat } from 'node:fs/promises'
import { meshSwarmError, throwIfCancelled } from '../core/index.ts'

export interface TextFile {
  readonly text: string
  /** Clock time in ms. */
  readonly writtenAt: number
}

/** Rejects INVALID_INPUT where there is no such file, or it cannot be read. */
export async function readText(path: string, signal: AbortSignal): Promise<TextFile> {
  try {
    const [text, { mtimeMs }] = await Promise.all([readFile(path, { encoding: 'utf8', signal }), stat(path)])
    return { text, writtenAt: Math.round(mtimeMs) }
  } catch (error) {
    throwIfCancelled(signal, 'Reading')
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw meshSwarmError('INVALID_INPUT', `Cannot read ${path}: ${REASONS[code] ?? code}.`, {
      details: { file: path },
      cause: error,
    })
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
}
