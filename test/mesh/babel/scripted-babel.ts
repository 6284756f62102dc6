import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const GREETING = 'BABEL 1.0\nversion babeld-1.12.1\nhost test\nmy-id 01:02:03:04:05:06:07:08\nok\n'

/** A unix socket that answers like a babeld, as far as the script goes. */
export async function scriptedBabel(
  script: (statement: string, socket: Socket, connection: number) => void,
  greet: (socket: Socket, connection: number) => void = (socket) => socket.write(GREETING),
) {
  const dir = mkdtempSync(join(tmpdir(), 'mbt-'))
  const path = join(dir, 'babel.sock')
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    const connection = ++connections
    sockets.add(socket)
    socket.on('error', () => {})
    let pending = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (pending + chunk).split('\n')
      pending = lines.pop() ?? ''
      for (const line of lines) script(line, socket, connection)
    })
    greet(socket, connection)
  })
  const listen = () => new Promise<void>((resolve) => server.listen(path, resolve))
  await listen()
  return {
    path,
    connections: () => connections,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
      rmSync(dir, { recursive: true, force: true })
    },
  }
}
