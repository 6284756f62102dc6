import { type ConnectionOptions, Queue, Worker } from 'bullmq'
import { AGENTS, type OpenSubject, STEPS, work } from '../engine/subjects/subject.ts'

export const open: OpenSubject = async ({ socket = '' }) => {
  const connection: ConnectionOptions = { path: socket, maxRetriesPerRequest: null }
  const queue = new Queue('steps', { connection })
  const worker = new Worker('steps', work, { connection, concurrency: AGENTS })
  await Promise.all([queue.waitUntilReady(), worker.waitUntilReady()])
  return {
    async round() {
      const results: unknown[] = []
      const all = Promise.withResolvers<void>()
      // Comes once the result is stored.
      const onCompleted = (_: unknown, result: unknown) => {
        results.push(result)
        if (results.length === STEPS) all.resolve()
      }
      worker.on('completed', onCompleted)
      await queue.addBulk(
        Array.from({ length: STEPS }, (_, n) => ({ name: 'step', data: { step: `s${n}` } })),
      )
      await all.promise
      worker.off('completed', onCompleted)
      return results
    },
    async close() {
      await worker.close()
      await queue.close()
    },
  }
}
