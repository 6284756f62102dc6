import { closeSync, createReadStream, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fromUnknown, meshSwarmError } from '../../core/index.ts'
import {
  AuditLog,
  type AuditLogComponents,
  loadSigner,
  NoteVerifier,
  readSigner,
} from '../../security/index.ts'

export const DEFAULT_AUDIT = join('.meshswarm', 'journal', 'audit.db')

/** The audit log that lies with a journal. */
export function auditFileOf(journal: string): string {
  return join(journal, 'audit.db')
}

/** The key lies beside the log, mode 0600, and is made with it. Rejects like `AuditLog.open` and `loadSigner`. */
export async function openAudit(
  components: Omit<AuditLogComponents, 'signer'>,
  file: string,
): Promise<AuditLog> {
  return AuditLog.open({ ...components, signer: loadSigner(components, keyFileOf(file)) }, { file })
}

function keyFileOf(file: string): string {
  return `${file}.key`
}

/** Whether the file is the store of a log, and not an export. Throws INVALID_INPUT where it cannot be read. */
export function isStore(file: string): boolean {
  const magic = Buffer.from('SQLite format 3\0')
  const start = Buffer.alloc(magic.length)
  try {
    const fd = openSync(file, 'r')
    try {
      readSync(fd, start)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    throw unreadable(file, error)
  }
  return start.equals(magic)
}

export function linesOf(file: string, signal: AbortSignal): AsyncIterable<string> {
  return createInterface({ input: createReadStream(file, { signal }), crlfDelay: Number.POSITIVE_INFINITY })
}

/** `given`: the key itself, or the file that it is in. Without one: that of the key beside the log. */
export function publicKey(given: string | undefined, log: string): NoteVerifier {
  if (given !== undefined) return NoteVerifier.parse(existsSync(given) ? readText(given).trimEnd() : given)
  const file = keyFileOf(log)
  if (existsSync(file)) return readSigner(file).verifier
  const message = `There is no ${file}: give --key with the public key of the log (meshswarm audit key).`
  throw meshSwarmError('INVALID_CONFIGURATION', message)
}

/** Throws INVALID_INPUT. */
export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, cause: unknown) {
  return meshSwarmError('INVALID_INPUT', `Cannot read ${file}: ${fromUnknown(cause).message}`, { cause })
}
