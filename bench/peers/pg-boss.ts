import { type JobResult, PgBoss } from 'pg-boss'
import { AGENTS, type OpenSubject, STEPS, work } from '../engine/subjects/subject.ts'

const BATCH = 25

/**
 * Batches, each output kept with its job, as many jobs at a time as there are agents. An idle worker polls at most twice
 * a second: so that no round waits for that, each has a queue and workers of its own.
 */
export const open: OpenSubject = async ({ socket = '' }) => {
  const boss = new PgBoss({ host: socket, user: 'postgres', database: 'postgres', max: 20 })
  boss.on('error', (error) => {
    throw error
  })
  await boss.start()
  return {
    async round(round) {
      const queue = `round-${round}`
      const results: string[] = []
      const all = Promise.withResolvers<void>()
      const one = async ({ id }: { readonly id: string }): Promise<JobResult> => {
        const value = await work()
        results.push(value)
        if (results.length === STEPS) all.resolve()
        return { id, status: 'completed', output: { value } }
      }
      await boss.createQueue(queue)
      await boss.insert(
        queue,
        Array.from({ length: STEPS }, (_, n) => ({ data: { step: `s${n}` } })),
      )
      const batches = { batchSize: BATCH, localConcurrency: AGENTS / BATCH, burstWhenBatchFull: true }
      await boss.work(queue, { ...batches, perJobResults: true }, (jobs) => Promise.all(jobs.map(one)))
      await all.promise
      // Until the last outputs are stored.
      await boss.offWork(queue, { wait: true })
      return results
    },
    close: () => boss.stop({ graceful: false }),
  }
}
