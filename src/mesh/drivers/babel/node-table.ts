import {
  type BabelInterface,
  type BabelNeighbour,
  type BabelRoute,
  type BabelXroute,
  parseLine,
  type Verb,
} from './parser.ts'

export type TableChange =
  | { readonly kind: 'none' }
  | { readonly kind: 'interface'; readonly name: string; readonly wasUp: boolean }
  | { readonly kind: 'neighbour' }
  | {
      readonly kind: 'xroute'
      readonly before?: BabelXroute | undefined
      readonly after?: BabelXroute | undefined
    }
  | {
      readonly kind: 'route'
      readonly before?: BabelRoute | undefined
      readonly after?: BabelRoute | undefined
    }

const NONE: TableChange = { kind: 'none' }
const KEPT_UNKNOWN = 20

interface StoredRoute {
  /** The line without its verb: most updates repeat it and need no parsing. */
  readonly text: string
  readonly route: BabelRoute
}

/** What one daemon says about itself: the fold of its monitor stream. */
export class NodeTable {
  readonly interfaces = new Map<string, BabelInterface>()
  readonly neighbours = new Map<string, BabelNeighbour>()
  readonly xroutes = new Map<string, BabelXroute>()
  readonly #routes = new Map<string, StoredRoute>()
  /** The last lines that nobody understood. */
  readonly unknown: string[] = []

  apply(line: string): TableChange {
    if (line.startsWith('change route ') && this.#isRepetition(line)) return NONE
    const parsed = parseLine(line)
    if (parsed.kind !== 'event') {
      if (this.unknown.push(line) > KEPT_UNKNOWN) this.unknown.shift()
      return NONE
    }
    const { verb, object } = parsed
    switch (object.type) {
      case 'interface': {
        const wasUp = this.interfaces.get(object.name)?.up ?? false
        put(this.interfaces, object.name, object, verb)
        return { kind: 'interface', name: object.name, wasUp }
      }
      case 'neighbour':
        put(this.neighbours, object.id, object, verb)
        return { kind: 'neighbour' }
      case 'xroute': {
        const before = this.xroutes.get(object.id)
        put(this.xroutes, object.id, object, verb)
        return { kind: 'xroute', before, after: verb === 'flush' ? undefined : object }
      }
      case 'route': {
        const before = this.#routes.get(object.id)?.route
        put(this.#routes, object.id, { text: line.slice(line.indexOf(' ')), route: object }, verb)
        return { kind: 'route', before, after: verb === 'flush' ? undefined : object }
      }
    }
  }

  *routes(): IterableIterator<BabelRoute> {
    for (const { route } of this.#routes.values()) yield route
  }

  #isRepetition(line: string): boolean {
    const start = 'change route '.length
    const end = line.indexOf(' ', start)
    const stored = this.#routes.get(line.slice(start, end))
    return (
      stored !== undefined &&
      line.endsWith(stored.text) &&
      line.length === 'change'.length + stored.text.length
    )
  }
}

function put<T>(map: Map<string, T>, key: string, value: T, verb: Verb): void {
  if (verb === 'flush') map.delete(key)
  else map.set(key, value)
}
