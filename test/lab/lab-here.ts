import { describe, it } from 'vitest'
import { missingForLab } from '../../lab/index.ts'

const missing = await missingForLab()

/** A suite that needs a real lab; skipped, with the reason, where this machine cannot hold one. */
export function describeLab(name: string, body: () => void, timeout: number): void {
  if (missing === undefined) describe(name, { timeout }, body)
  else describe(name, () => it('needs a lab', ({ skip }) => skip(missing)))
}

/** Lab names of tests carry the process, so that two runs on one machine do not meet. */
export function testName(what: string): string {
  return `t${what}${process.pid}`
}
