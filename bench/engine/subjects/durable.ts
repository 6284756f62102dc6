import { swarmId } from '../../../src/core/index.ts'
import { openDurableEngine } from '../durable-engine.ts'
import { AGENTS, type OpenSubject, STEPS, work } from './subject.ts'

export const open: OpenSubject = async ({ directory }) => {
  const engine = await openDurableEngine(directory, { name: 'work', run: work }, AGENTS)
  return {
    async round(round) {
      const steps = Array.from({ length: STEPS }, (_, n) => ({ id: `s${n}`, tool: 'work' }))
      const { results } = await engine.run(swarmId(`round-${round}`), { steps })
      return [...results.values()]
    },
    close: () => engine.close(),
  }
}
