import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { meshSwarmError } from '../src/core/index.ts'
import { checkTopology, type Topology } from './topology.ts'

export type Profile = 'default' | 'tuned'

export interface LabInterface {
  readonly name: string
  /** The node at the other end, and its interface. */
  readonly peer: string
  readonly peerIface: string
}

export interface LabNode {
  readonly id: string
  readonly name: string
  /** From 1, in the order of the topology. */
  readonly index: number
  readonly netns: string
  readonly address: string
  readonly socket: string
  readonly log: string
  /** What starts the daemon inside its namespace; the caller puts it into the background. */
  readonly start: readonly string[]
  readonly interfaces: readonly LabInterface[]
}

export interface LabLinkEnd {
  readonly node: string
  readonly iface: string
}

export interface LabLink {
  readonly id: string
  readonly a: LabLinkEnd
  readonly b: LabLinkEnd
}

/** Everything about a lab that follows from its name and topology; nothing is built yet. */
export interface LabPlan {
  readonly name: string
  readonly profile: Profile
  readonly stateDir: string
  readonly nodes: readonly LabNode[]
  readonly links: readonly LabLink[]
}

/** Lab names have no hyphen, so that no namespace of one lab looks like one of another. */
const NAME = /^[a-z0-9]{1,20}$/

export function checkLabName(name: string): void {
  if (NAME.test(name)) return
  throw meshSwarmError('INVALID_INPUT', `'${name}' is no lab name: 1 to 20 small letters and digits`)
}

export function netnsPrefix(name: string): string {
  return `ms-${name}-`
}

export function defaultStateDir(name: string): string {
  return `/run/meshswarm/lab/${name}`
}

const PROFILE_ARGS: Readonly<Record<Profile, readonly string[]>> = {
  default: [],
  tuned: ['-l', '-C', 'default hello-interval 1 update-interval 4'],
}

export interface PlanOptions {
  readonly name: string
  readonly profile: Profile
  readonly stateDir: string
}

/** Throws INVALID_TOPOLOGY or INVALID_INPUT. */
export function planLab(topology: Topology, options: PlanOptions): LabPlan {
  checkLabName(options.name)
  checkTopology(topology)
  const prefix = ulaPrefix(options.name)
  const taken = new Map<string, number>()
  const interfaces = new Map<string, LabInterface[]>(topology.nodes.map((node) => [node.id, []]))
  const nextName = (node: string): string => {
    const count = taken.get(node) ?? 0
    taken.set(node, count + 1)
    return `l${count}`
  }
  const links = topology.links.map(({ a, b }): LabLink => {
    const [ifaceA, ifaceB] = [nextName(a), nextName(b)]
    interfaces.get(a)?.push({ name: ifaceA, peer: b, peerIface: ifaceB })
    interfaces.get(b)?.push({ name: ifaceB, peer: a, peerIface: ifaceA })
    return { id: `${a}~${b}`, a: { node: a, iface: ifaceA }, b: { node: b, iface: ifaceB } }
  })
  const nodes = topology.nodes.map((node, position): LabNode => {
    const index = position + 1
    const netns = `${netnsPrefix(options.name)}${index}`
    const socket = join(options.stateDir, `n${index}.sock`)
    const own = interfaces.get(node.id) ?? []
    const state = join(options.stateDir, 'run', `n${index}.state`)
    return {
      id: node.id,
      name: node.name ?? node.id,
      index,
      netns,
      address: `${prefix}::${index.toString(16)}`,
      socket,
      log: join(options.stateDir, 'run', `n${index}.log`),
      start: startCommand(netns, socket, state, `${prefix}::/64`, options.profile, own),
      interfaces: own,
    }
  })
  return { ...options, nodes, links }
}

function startCommand(
  netns: string,
  socket: string,
  state: string,
  prefix: string,
  profile: Profile,
  interfaces: readonly LabInterface[],
): string[] {
  return [
    // babeld refuses to start on the socket that a killed one has left behind.
    ...['nsenter', `--net=/run/netns/${netns}`, 'sh', '-c', 'rm -f "$0" && exec "$@"', socket],
    ...['babeld', '-I', '', '-S', state, '-r', '-G', socket],
    ...['-C', 'skip-kernel-setup true', ...PROFILE_ARGS[profile]],
    ...['-C', `redistribute local ip ${prefix} allow`, '-C', 'redistribute local deny'],
    ...interfaces.map((iface) => iface.name),
  ]
}

/** A private /64 of the lab's name, so that captures of two labs are told apart. */
function ulaPrefix(name: string): string {
  const hash = createHash('sha256').update(name).digest('hex')
  return `fd${hash.slice(0, 2)}:${trim(hash.slice(2, 6))}:${trim(hash.slice(6, 10))}`
}

/** Without leading zeros, the way every tool prints an address again. */
function trim(group: string): string {
  return group.replace(/^0+(?=.)/, '')
}
