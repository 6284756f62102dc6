import { basename } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { text } from 'node:stream/consumers'
import { throwIfCancelled } from '../core/index.ts'
import { detectFormat, type MeshSnapshot, parseTopology, type TopologyFormat } from '../mesh/index.ts'
import type { CliContext } from './context.ts'
import { readText } from './read-text.ts'

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
  const { text: content, writtenAt } =
    path === '-' ? { text: await readStdin(signal), writtenAt: clock.now() } : await readText(path, signal)
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
