import { type BenchGoal, type BenchRow, goalOf } from '../report.ts'

/** Of the nodes, in percent: the mean over the seeds, and the worst of them. Seconds until half of the attacks are seen. */
const LIMITS: Readonly<Record<string, { readonly written: number; readonly detected: number }>> = {
  single: { written: 0.1, detected: 60 },
  slow: { written: 0.1, detected: 1200 },
  probing: { written: 0.1, detected: 60 },
  coalition: { written: 0.5, detected: 60 },
  'slow coalition': { written: 1.5, detected: 1200 },
  're-registering': { written: 0.1, detected: 60 },
  'stolen token': { written: 0, detected: 60 },
}

export function attackGoals(rows: readonly BenchRow[]): BenchGoal[] {
  const find = (name: string, metric: string) =>
    rows.find((row) => row.case === name && row.subject === '+ oracle' && row.metric === metric)?.median ??
    null
  const attacks = Object.entries(LIMITS).flatMap(([name, { written, detected }]) => [
    goalOf(`written, ${name}, mean`, '<=', written, find(name, 'mean %'), '% of the nodes'),
    goalOf(`written, ${name}, worst seed`, '<=', written, find(name, 'worst %'), '% of the nodes'),
    goalOf(`detected, ${name}`, '<', detected, find(name, 'detected s'), 's, median'),
  ])
  const honest = find('no attack, 100 agents, 4 h', 'suspended in all')
  return [...attacks, goalOf('false suspensions', '<=', 0, honest, 'agents')]
}
