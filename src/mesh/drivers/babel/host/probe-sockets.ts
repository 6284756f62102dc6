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
  readonly links: ReadonlyMap<string, Socket>
  /** Indexes of the interfaces with a link-local address, in the node's namespace. */
  readonly indexes: readonly number[]
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
export function openSockets(place: Place, onMessage: (message: Buffer) => void): Promise<NodeSockets> {
  return bounded(() => open(place, onMessage))
}

async function open(place: Place, onMessage: (message: Buffer) => void): Promise<NodeSockets> {
  const [file = '', ...args] = inside(place, [process.execPath, CHILD, String(PORT)])
  const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'ignore', 'ipc'], timeout: 5000 })
  const links = new Map<string, Socket>()
  const indexes: number[] = []
  let main: { socket: Socket; port: number } | undefined
  child.on('message', (parcel: Parcel, handle: unknown) => {
    if (parcel.end) {
      child.send('thanks')
      return
    }
    const socket = handle as Socket
    // Without a listener an ICMP error on a socket would end the process.
    socket.on('error', () => {})
    socket.unref()
    if (parcel.iface === undefined) {
      main = { socket, port: parcel.port ?? 0 }
      socket.on('message', onMessage)
      setBuffer(socket)
    } else {
      links.set(parcel.iface, socket)
      if (parcel.index !== undefined) indexes.push(parcel.index)
    }
  })
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve())
  }).catch((error: unknown) => {
    throw meshSwarmError('UNAVAILABLE', `No probe socket: ${error instanceof Error ? error.message : error}`)
  })
  if (!main) throw meshSwarmError('UNAVAILABLE', `No probe socket in ${place.netns ?? 'this machine'}.`)
  return { main: main.socket, port: main.port, links, indexes }
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

function setBuffer(socket: Socket): void {
  try {
    socket.setRecvBufferSize(1 << 20)
  } catch {
    // The system's limit stays.
  }
}
