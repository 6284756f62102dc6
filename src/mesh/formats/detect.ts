import { invalidTopology } from '../topology/index.ts'
import type { TopologyFormat } from './codec.ts'
import { parseJson } from './json-text.ts'

/**
 * The format by content, never by file name. Throws INVALID_TOPOLOGY where it is none, and where JSON is broken.
 */
export function detectFormat(text: string): TopologyFormat {
  const start = text.search(/\S/)
  if (start < 0) throw invalidTopology('line 1, column 1', 'the file is empty')
  if (text[start] !== '{' && text[start] !== '[') {
    if (/(?:^|\s)graph\s*\[/.test(text)) return 'gml'
    throw invalidTopology('the document', 'neither meshviewer.json nor NetJSON nor GML')
  }
  const value = parseJson(text)
  if (typeof value === 'object' && value !== null) {
    if ('type' in value && typeof value.type === 'string' && /^Network/.test(value.type)) return 'netjson'
    if ('nodes' in value && 'links' in value) return looksLikeMeshviewer(value) ? 'meshviewer' : 'netjson'
  }
  throw invalidTopology(
    'the document',
    'JSON, but neither meshviewer.json (nodes, links) nor a NetJSON NetworkGraph',
  )
}

function looksLikeMeshviewer(value: object): boolean {
  if ('timestamp' in value || 'meta' in value || !('nodes' in value)) return true
  const [first] = Array.isArray(value.nodes) ? value.nodes : []
  return typeof first === 'object' && first !== null && 'node_id' in first
}
