import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { meshSwarmError } from '../../core/index.ts'
import type { Verdict } from '../oracle/index.ts'

const Line = z.looseObject({ id: z.string().min(1), title: z.string(), suspended: z.array(z.string()) })

/** Keeps the verdict over restarts: who is suspended stays so until a person lifts it. On the disk when it returns. */
export function keepVerdict(file: string, verdict: Verdict): void {
  appendFileSync(file, `${JSON.stringify(verdict)}\n`, { mode: 0o600, flush: true })
}

/**
 * Throws INVALID_CONFIGURATION for a damaged file, so that nobody comes back by damaging it. The last line may be torn:
 * its process was killed while it wrote, and had not gone on.
 */
export function keptVerdicts(file: string): readonly Verdict[] {
  if (!existsSync(file)) return []
  const text = readFileSync(file, 'utf8')
  const lines = text.split('\n').slice(0, -1)
  return lines.map((line, index) => {
    const parsed = Line.safeParse(parse(line))
    if (parsed.success) return parsed.data as unknown as Verdict
    throw meshSwarmError('INVALID_CONFIGURATION', `${file}: line ${index + 1} is no verdict.`)
  })
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
