import { connect } from 'node:net'
import { join } from 'node:path'
import { meshSwarmError, onAbort } from '../../../core/index.ts'
import { toError } from './executor-error.ts'
import { MessageStream } from './host/message-stream.ts'
import type { HostReply } from './host/protocol.ts'

/**
 * Brings a statement of the authority to the executor that listens in the directory, whoever is connected to it.
 * Rejects UNAVAILABLE where none does, and as `NodeGate.tell`.
 */
export function tellExecutor(directory: string, statement: unknown, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const gone = () => reject(meshSwarmError('UNAVAILABLE', `No executor answers in ${directory}.`))
  const socket = connect({ path: join(directory, 'executor.sock') })
  socket.once('error', gone)
  const stream = new MessageStream(socket, {
    onMessage: (message) => {
      const reply = message as HostReply
      if ('event' in reply) return
      if ('error' in reply) reject(toError(reply.error))
      else resolve()
    },
    onClose: gone,
  })
  const stop = onAbort(signal, () => reject(meshSwarmError('CANCELLED', 'The statement was not brought.')))
  socket.once('connect', () => stream.send({ id: 1, op: 'tell', statement }))
  return promise.finally(() => {
    stop()
    stream.close()
  })
}
