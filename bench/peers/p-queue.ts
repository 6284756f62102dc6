import PQueue from 'p-queue'
import { AGENTS, type OpenSubject, STEPS, work } from '../engine/subjects/subject.ts'

export const open: OpenSubject = async () => ({
  round() {
    const queue = new PQueue({ concurrency: AGENTS })
    return queue.addAll(Array.from({ length: STEPS }, () => work))
  },
  close: async () => undefined,
})
