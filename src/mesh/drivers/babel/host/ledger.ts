import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { type ChangeId, changeId } from '../../../../core/index.ts'
import { ActionSchema } from '../../../action-schema.ts'
import { NodePlaceSchema } from './node-place.ts'
import { StepSchema } from './step.ts'

/** `applying` was written before the first touch: found at a start, nobody knows how far it went. */
const EntryStateSchema = z.enum([
  'applying',
  'failed',
  'pending',
  'confirmed',
  'rolled-back',
  'rollback-failed',
])

/** What is needed to undo a change without anybody's help: the node's place is in it. */
const EntrySchema = z.object({
  id: z.string().transform((text): ChangeId => changeId(text)),
  action: ActionSchema,
  reason: z.string(),
  state: EntryStateSchema,
  appliedAt: z.number(),
  confirmBy: z.number(),
  undo: z.array(StepSchema),
  place: NodePlaceSchema,
  /** Ids of the token's blocks under which it was applied: what it drew on is drawn on after a restart as well. */
  lineage: z.array(z.string()).readonly().default([]),
})
export type LedgerEntry = z.infer<typeof EntrySchema>

const KEEP = 1000

/**
 * The node's books: JSON lines, the last one of an id counts. `write` returns when the line is on the disk. A
 * line torn by a crash is skipped. At opening all but the last thousand settled changes are dropped.
 */
export class Ledger {
  readonly #entries = new Map<string, LedgerEntry>()
  readonly #path: string
  #fd: number

  constructor(stateDir: string) {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    this.#path = join(stateDir, 'changes.jsonl')
    for (const entry of readEntries(this.#path)) {
      this.#entries.delete(entry.id)
      if (entry.state !== 'failed') this.#entries.set(entry.id, entry)
    }
    this.#compact()
    this.#fd = openSync(this.#path, 'a', 0o600)
  }

  get(id: string): LedgerEntry | undefined {
    return this.#entries.get(id)
  }

  entries(): readonly LedgerEntry[] {
    return [...this.#entries.values()]
  }

  write(entry: LedgerEntry): LedgerEntry {
    writeSync(this.#fd, `${JSON.stringify(entry)}\n`)
    fsyncSync(this.#fd)
    if (entry.state === 'failed') this.#entries.delete(entry.id)
    else this.#entries.set(entry.id, entry)
    return entry
  }

  close(): void {
    if (this.#fd >= 0) closeSync(this.#fd)
    this.#fd = -1
  }

  #compact(): void {
    const settled = [...this.#entries.values()].filter(
      (e) => e.state === 'confirmed' || e.state === 'rolled-back',
    )
    for (const entry of settled.slice(0, -KEEP)) this.#entries.delete(entry.id)
    const draft = `${this.#path}.new`
    const fd = openSync(draft, 'w', 0o600)
    for (const entry of this.#entries.values()) writeSync(fd, `${JSON.stringify(entry)}\n`)
    fsyncSync(fd)
    closeSync(fd)
    renameSync(draft, this.#path)
  }
}

function readEntries(path: string): LedgerEntry[] {
  let text = ''
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    return []
  }
  return text.split('\n').flatMap((line) => {
    try {
      const parsed = EntrySchema.safeParse(JSON.parse(line))
      return parsed.success ? [parsed.data] : []
    } catch {
      return []
    }
  })
}
