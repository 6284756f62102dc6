import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { afterEach, beforeEach } from 'vitest'
import {
  agentId,
  type Clock,
  entropySeed,
  nodeId,
  RealClock,
  randomIds,
  seededRandom,
} from '../../../src/core/index.ts'
import { type AuditEntry, AuditLog, NoteSigner, readStore, verifyLog } from '../../../src/security/index.ts'

export const NEVER = new AbortController().signal
const ids = randomIds(seededRandom(entropySeed()))
export const signer = NoteSigner.generate('example.org/audit')

/** A directory for each test, and how to open the log in it. */
export function inDirectory() {
  const place = { directory: '', file: '' }
  beforeEach(() => {
    place.directory = mkdtempSync(join(tmpdir(), 'meshswarm-audit-'))
    place.file = join(place.directory, 'audit.db')
  })
  afterEach(() => rmSync(place.directory, { recursive: true, force: true }))
  return place
}

export function openLog(
  file: string,
  options: { readonly keepMs?: number; readonly clock?: Clock; readonly signer?: NoteSigner } = {},
): Promise<AuditLog> {
  const { clock = new RealClock(), keepMs } = options
  const limits = keepMs === undefined ? {} : { keepMs }
  return AuditLog.open({ clock, ids, signer: options.signer ?? signer }, { file, ...limits })
}

export function entry(n: number): AuditEntry {
  return {
    kind: 'decision',
    agent: agentId(`agent-${n % 3}`),
    node: nodeId(`n${n}`),
    allowed: n % 2 === 0,
    n,
  }
}

/** A log of its own with so many entries, one commit each unless told. */
export async function fill(file: string, count: number, atOnce = 1): Promise<void> {
  await using log = await openLog(file)
  for (let n = 0; n < count; n += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, count - n) }, (_, i) => log.append(entry(n + i))))
}

/** What somebody does who can write the file. */
export function tamper(
  file: string,
  ...statements: readonly (readonly [string, ...SQLInputValue[]])[]
): void {
  const database = new DatabaseSync(file)
  for (const [sql, ...params] of statements) database.prepare(sql).run(...params)
  database.close()
}

export function verifyStore(file: string, kept?: string) {
  return verifyLog(readStore(file), signer, { kept }, NEVER)
}
