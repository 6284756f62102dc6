import { RealClock, seededRandom, stepId } from '../../../src/core/index.ts'
import { runGraph, slots, stepGraph, WorkerPool } from '../../../src/engine/index.ts'
import { AGENTS, type OpenSubject, STEPS, work } from './subject.ts'

export const open: OpenSubject = async () => {
  const clock = new RealClock()
  return {
    async round() {
      const steps = Array.from({ length: STEPS }, (_, n) => ({
        id: stepId(`s${n}`),
        tool: 'work',
        run: work,
      }))
      const pool = new WorkerPool(slots(clock, AGENTS))
      const { signal } = new AbortController()
      const report = await runGraph(stepGraph(steps), { clock, pool, random: seededRandom(1) }, {}, signal)
      return [...report.results.values()]
    },
    close: async () => undefined,
  }
}
