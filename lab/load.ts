import { readFile } from 'node:fs/promises'
import { meshSwarmError } from '../src/core/index.ts'
import { builtinTopology } from './shapes.ts'
import { connectedPart, type Topology, type TopologyReader, tidy } from './topology.ts'

export interface LoadOptions {
  /** Take a connected part of this many nodes where there are more. */
  readonly nodes?: number
  /** Reader of topology files; without one only the built-in shapes are known. */
  readonly reader?: TopologyReader
}

/** A built-in shape or a file. Rejects with INVALID_INPUT, INVALID_TOPOLOGY, or what the reader throws. */
export async function loadTopology(spec: string, options: LoadOptions = {}): Promise<Topology> {
  const whole = builtinTopology(spec) ?? (await readTopology(spec, options.reader))
  const clean = tidy(whole)
  return options.nodes === undefined || clean.nodes.length <= options.nodes
    ? clean
    : connectedPart(clean, options.nodes)
}

async function readTopology(path: string, reader: TopologyReader | undefined): Promise<Topology> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw meshSwarmError(
      'INVALID_INPUT',
      `no file ${path}, and no shape: use grid:4x4, ring:10, line:5, geo:30 or a file`,
    )
  })
  return (reader ?? readPlain)(text, path)
}

/** `{ "nodes": [{ "id" }], "links": [{ "a", "b" }] }`, the lab's own form. */
function readPlain(text: string, name: string): Topology {
  const bad = (why: string): never => {
    throw meshSwarmError('INVALID_TOPOLOGY', `${name}: ${why}`)
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return bad(`not JSON (${error instanceof Error ? error.message : 'unreadable'})`)
  }
  if (typeof value !== 'object' || value === null) return bad('no object')
  const { nodes, links } = value as { nodes?: unknown; links?: unknown }
  if (!Array.isArray(nodes) || !nodes.every((n) => typeof n?.id === 'string')) return bad('nodes need an id')
  if (!Array.isArray(links) || !links.every((l) => typeof l?.a === 'string' && typeof l?.b === 'string')) {
    return bad('links need a and b')
  }
  return { nodes, links }
}
