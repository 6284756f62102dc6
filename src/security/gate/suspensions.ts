import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { z } from 'zod'
import { type IncidentId, isMeshSwarmError, meshSwarmError } from '../../core/index.ts'
import type { PublicKey } from '../keys.ts'
import type { Verdict } from '../oracle/index.ts'
import { openLift, type SignedLift } from './signed-lift.ts'

const Line = z.looseObject({
  id: z.string().min(1),
  title: z.string(),
  openedAt: z.number(),
  suspended: z.array(z.string()),
  agents: z.array(z.string()),
  evidence: z.array(z.looseObject({ text: z.string() })),
})

export const SUSPENSIONS_FILE = 'suspensions.jsonl'

/** Keeps the verdict over restarts: who is suspended stays so until a person lifts it. On the disk when it returns. */
export function keepVerdict(file: string, verdict: Verdict): void {
  append(file, verdict)
}

/** Keeps that a verdict is lifted. On the disk when it returns. */
export function keepLift(file: string, lift: SignedLift): void {
  append(file, lift)
}

/**
 * The verdicts that nobody has lifted, oldest first. Changes nothing. Throws INVALID_CONFIGURATION for a damaged file, and
 * for a lift that the root has not signed, so that nobody comes back by damaging it. The last line may be torn: its
 * process was killed while it wrote, and had not gone on.
 */
export function keptVerdicts(file: string, root: PublicKey): readonly Verdict[] {
  if (!existsSync(file)) return []
  const standing = new Map<IncidentId, Verdict>()
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1)
  lines.forEach((line, index) => {
    try {
      const value: unknown = JSON.parse(line)
      if (typeof value === 'object' && value !== null && 'lifted' in value)
        standing.delete(openLift(value, root).lifted)
      else {
        const verdict = Line.parse(value) as unknown as Verdict
        standing.set(verdict.id, verdict)
      }
    } catch (cause) {
      const why = isMeshSwarmError(cause) ? cause.message : 'it is no verdict, and lifts none.'
      throw meshSwarmError('INVALID_CONFIGURATION', `${file}: line ${index + 1} is damaged: ${why}`, {
        cause,
      })
    }
  })
  return [...standing.values()]
}

/** Before anything is added to it: the next line must not become part of a torn one. */
export function cutTornLine(file: string): void {
  if (!existsSync(file)) return
  const bytes = readFileSync(file)
  const sound = bytes.lastIndexOf('\n') + 1
  if (sound < bytes.length) truncateSync(file, sound)
}

function append(file: string, line: Verdict | SignedLift): void {
  appendFileSync(file, `${JSON.stringify(line)}\n`, { mode: 0o600, flush: true })
}
