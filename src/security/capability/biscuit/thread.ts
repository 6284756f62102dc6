// The thread of the library: takes operations and answers them in order. Whatever the library throws ends the thread.
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { loadBiscuit } from './load.ts'
import { Operations } from './operations.ts'
import type { Operation, Outcome, ThreadOptions } from './protocol.ts'

/** Answers that go back together: a message to another thread costs as much as a decision. */
const TOGETHER = 16

function serve(port: MessagePort, operations: Operations, message: Operation | 'close'): void {
  const outcomes: Outcome[] = []
  let next: Operation | 'close' | undefined = message
  try {
    for (; next !== undefined && next !== 'close'; next = receiveMessageOnPort(port)?.message) {
      outcomes.push(operations.do(next))
      if (outcomes.length === TOGETHER) port.postMessage(outcomes.splice(0))
    }
  } finally {
    // Also where the library breaks: the first that is not answered is the one that it broke over.
    if (outcomes.length > 0) port.postMessage(outcomes)
  }
  if (next === 'close') port.close()
}

if (parentPort) {
  const port = parentPort
  const { compiled, parsed }: ThreadOptions = workerData
  const operations = new Operations(await loadBiscuit(compiled), { parsed })
  port.on('message', (message: Operation | 'close') => serve(port, operations, message))
}
