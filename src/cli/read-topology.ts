import { readFile, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { text } from 'node:stream/consumers'
import { meshSwarmError, throwIfCancelled } from '../core/index.ts'
import { detectFormat, type MeshSnapshot, parseTopology, type TopologyFormat } from '../mesh/index.ts'
import type { CliContext } from './context.ts'

export interface TopologyFile {
  readonly name: string
  readonly format: TopologyFormat
  readonly snapshot: MeshSnapshot
  /** Whether the time of the snapshot is the file's own, or only when it was last written. */
  readonly timed: boolean
}

/**
 * Reads a topology file, or standard input for `-`. Rejects with INVALID_INPUT where there is no such file, and
 * INVALID_TOPOLOGY where it is broken.
 */
export async function readTopologyFile(path: string, { clock, signal }: CliContext): Promise<TopologyFile> {
  const [content, writtenAt] =
    path === '-' ? [await readStdin(signal), clock.now()] : await readWhole(path, signal)
  throwIfCancelled(signal, 'Reading')
  const name = path === '-' ? 'standard input' : basename(path)
  const snapshot = parseTopology(content, { name: path === '-' ? undefined : name, observedAt: writtenAt })
  const format = detectFormat(content.replace(/^\ufeff/, ''))
  return { name, format, snapshot, timed: snapshot.takenAt !== writtenAt }
}

async function readStdin(signal: AbortSignal): Promise<string> {
  try {
    return await text(addAbortSignal(signal, process.stdin))
  } catch (error) {
    throwIfCancelled(signal, 'Reading')
    throw error
  }
}

async function readWhole(path: string, signal: AbortSignal): Promise<[string, number]> {
  try {
    const [content, { mtimeMs }] = await Promise.all([
      readFile(path, { encoding: 'utf8', signal }),
      stat(path),
    ])
    return [content, Math.round(mtimeMs)]
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
