import pLimit from 'p-limit'
import { AGENTS, type OpenSubject, STEPS, work } from '../engine/subjects/subject.ts'

export const open: OpenSubject = async () => ({
  round() {
    const limit = pLimit(AGENTS)
    return Promise.all(Array.from({ length: STEPS }, () => limit(work)))
  },
  close: async () => undefined,
})
