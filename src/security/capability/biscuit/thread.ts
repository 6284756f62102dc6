// The thread of the library: takes operations and answers them in order. Whatever the library throws ends the thread.
import { parentPort, workerData } from 'node:worker_threads'
import { loadBiscuit } from './load.ts'
import { Operations } from './operations.ts'
import type { Operation } from './protocol.ts'

if (parentPort) {
  const port = parentPort
  const operations = new Operations(await loadBiscuit(), workerData as { readonly parsed: number })
  port.on('message', (message: Operation | 'close') => {
    if (message === 'close') port.close()
    else port.postMessage(operations.do(message))
  })
}
