import { join } from 'node:path'
import { Annotation, END, Send, START, StateGraph } from '@langchain/langgraph'
import { SqliteSaver } from '@langchain/langgraph-checkpoint-sqlite'
import { AGENTS, type OpenSubject, STEPS, work } from '../engine/subjects/subject.ts'

const State = Annotation.Root({
  steps: Annotation<readonly string[]>({ reducer: (_, next) => next, default: () => [] }),
  results: Annotation<string[]>({ reducer: (all, more) => all.concat(more), default: () => [] }),
})

/**
 * One `Send` a step, as its documentation has map and reduce. Its SQLite, as it comes, writes a log that is not synced at
 * each commit (WAL, NORMAL): a power cut may take the last results.
 */
export const open: OpenSubject = async ({ directory }) => {
  const checkpointer = SqliteSaver.fromConnString(join(directory, 'langgraph.db'))
  const graph = new StateGraph(State)
    .addNode('work', async (_: { readonly step: string }) => ({ results: [await work()] }))
    .addConditionalEdges(START, ({ steps }) => steps.map((step) => new Send('work', { step })), ['work'])
    .addEdge('work', END)
    .compile({ checkpointer })
  return {
    async round(round) {
      const steps = Array.from({ length: STEPS }, (_, n) => `s${n}`)
      const { results } = await graph.invoke(
        { steps },
        { configurable: { thread_id: `round-${round}` }, maxConcurrency: AGENTS },
      )
      return results
    },
    async close() {
      checkpointer.db.close()
    },
  }
}
