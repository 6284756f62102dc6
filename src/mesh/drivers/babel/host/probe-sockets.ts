import { spawn } from 'node:child_process'
import type { Socket } from 'node:dgram'
import { fileURLToPath } from 'node:url'
import { meshSwarmError } from '../../../../core/index.ts'
import { inside, limiter, type Place } from './exec.ts'

/** The probe sockets of one node, all made inside its namespace. */
export interface NodeSockets {
  /** For every address of the node; where probes arrive. */
  readonly main: Socket
  readonly port: number
  /** By interface: sends to link-local addresses out of it. */
  readonly links: Map<string, Socket>
  /** Indexes of the interfaces with a link-local address, in the node's namespace. */
  readonly indexes: number[]
}

/** Where probes arrive, the same on all nodes, so that one that went astray is seen where it ends up. */
const PORT = 47331
const CHILD = fileURLToPath(new URL('./probe-child.mjs', import.meta.url))

/** Four at a time: a child takes some 40 ms of processor time. */
const bounded = limiter(4)

interface Parcel {
  readonly iface?: string
  readonly index?: number
  readonly port?: number
  readonly end?: boolean
}

/** Opens the sockets of a node. Rejects with UNAVAILABLE where its namespace cannot be entered, within 5 s. */
export async function openSockets(place: Place, onMessage: (message: Buffer) => void): Promise<NodeSockets> {
  const [main, ...links] = await receive(place, [String(PORT)])
  if (!main) throw meshSwarmError('UNAVAILABLE', `No probe socket in ${place.netns ?? 'this machine'}.`)
  main.socket.on('message', onMessage)
  growBuffer(main.socket)
  return {
    main: main.socket,
    port: main.port,
    links: new Map(links.map(({ iface, socket }) => [iface, socket])),
    indexes: links.map(({ index }) => index),
  }
}

/** Adds sockets for interfaces that came up since. Nothing else changes; rejects like `openSockets`. */
export async function addLinkSockets(place: Place, sockets: NodeSockets): Promise<void> {
  for (const { iface, socket, index } of await receive(place, ['0', ...sockets.links.keys()])) {
    sockets.links.set(iface, socket)
    sockets.indexes.push(index)
  }
}

interface Received {
  readonly iface: string
  readonly socket: Socket
  readonly port: number
  readonly index: number
}

/** What a child inside the namespace binds and hands over, the main socket (without an interface) first. */
function receive(place: Place, request: readonly string[]): Promise<Received[]> {
  return bounded(async () => {
    const [file = '', ...args] = inside(place, [process.execPath, '--v8-pool-size=0', CHILD, ...request])
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], timeout: 5000 })
    const received: Received[] = []
    child.on('message', (parcel: Parcel, handle: unknown) => {
      if (parcel.end) {
        child.send('thanks')
        return
      }
      const socket = handle as Socket
      // Without a listener an error on a socket would end the process.
      socket.on('error', () => {})
      socket.unref()
      const { iface = '', port = 0, index = 0 } = parcel
      received.push({ iface, socket, port, index })
    })
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', () => resolve())
    }).catch((error: unknown) => {
      throw meshSwarmError(
        'UNAVAILABLE',
        `No probe socket: ${error instanceof Error ? error.message : error}`,
      )
    })
    return received.sort((a, b) => a.iface.length - b.iface.length)
  })
}

export function closeSockets(sockets: NodeSockets): void {
  for (const socket of [sockets.main, ...sockets.links.values()]) {
    try {
      socket.close()
    } catch {
      // Closed already.
    }
  }
}

function growBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(1 << 20)
  } catch {
    // The system's limit stays.
  }
}
