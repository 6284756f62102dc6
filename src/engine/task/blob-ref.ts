import { fromUnknown, hasCode, type MeshSwarmError, meshSwarmError, type SwarmId } from '../../core/index.ts'
import type { Json } from '../backends/json.ts'
import type { BlobStore } from '../backends/swarm-backend.ts'

export type Path = readonly (string | number)[]

/** A large value as it stands in a result. */
export interface StoredBlob {
  /** SHA-256 of its JSON, in hex. */
  readonly hash: string
  readonly characters: number
}

/**
 * Stands in a value for a large one, or for what lies at a path in it. An object of the engine's own: nothing that
 * comes from a tool or a file can pass for one.
 */
export class BlobRef {
  readonly blob: StoredBlob
  readonly path: Path

  constructor(blob: StoredBlob, path: Path = []) {
    this.blob = blob
    this.path = path
  }

  at(path: Path): BlobRef {
    return new BlobRef(this.blob, [...this.path, ...path])
  }

  toJSON(): Json {
    const { hash: sha256, characters } = this.blob
    return { sha256, characters, ...(this.path.length > 0 ? { path: this.path } : {}) }
  }
}

/** JSON in which large values may be left out. */
export type Value = Json | BlobRef | readonly Value[] | { readonly [key: string]: Value }

/** What was left out of a value, and where. */
export interface PlacedBlob {
  readonly at: Path
  readonly blob: StoredBlob
  readonly path: Path
}

/** A value as two parts that JSON can hold: `null` stands at each place. */
export interface Detached {
  readonly json: Json
  readonly blobs: readonly PlacedBlob[]
}

export function detach(value: Value): Detached {
  const blobs: PlacedBlob[] = []
  const bare = (part: Value, at: Path): Json => {
    if (part instanceof BlobRef) {
      blobs.push({ at, blob: part.blob, path: part.path })
      return null
    }
    if (typeof part !== 'object' || part === null) return part
    if (isList(part)) return part.map((one, index) => bare(one, [...at, index]))
    return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, bare(one, [...at, key])]))
  }
  return { json: bare(value, []), blobs }
}

/**
 * The whole value. Rejects INVALID_INPUT where there is nothing at the path, INVARIANT where the store has lost it,
 * UNAVAILABLE where it is out of reach.
 */
export async function attach(store: BlobStore, swarm: SwarmId, { json, blobs }: Detached): Promise<Json> {
  const texts = new Map<string, Promise<string>>()
  for (const { blob } of blobs) if (!texts.has(blob.hash)) texts.set(blob.hash, store.get(swarm, blob.hash))
  // All at once, and none of them left to fail unheard.
  await Promise.allSettled(texts.values())
  let whole = json
  for (const { at, blob, path } of blobs) {
    const loaded = JSON.parse((await texts.get(blob.hash)) ?? 'null') as Json
    whole = withPart(whole, at, partAt(loaded, path, 'A large value'))
  }
  return whole
}

export function hasBlobs(value: Value): boolean {
  if (typeof value !== 'object' || value === null) return false
  return value instanceof BlobRef || Object.values(value).some(hasBlobs)
}

/** Throws INVALID_INPUT where there is nothing. */
export function partAt<V extends Value>(value: V, path: Path, what: string): V {
  let found: Value | undefined = value
  for (const [index, key] of path.entries()) {
    if (found instanceof BlobRef) return found.at(path.slice(index)) as V
    const inside: object = typeof found === 'object' && found !== null ? found : {}
    found = Object.hasOwn(inside, key) ? (inside as Record<string | number, Value>)[key] : undefined
    if (found === undefined)
      throw meshSwarmError('INVALID_INPUT', `${what} has nothing at ${path.join('.')}.`)
  }
  return found as V
}

/** Of a step whose input cannot be had: it has failed. Anything else may pass, and is thrown on. */
export function lostInput(thrown: unknown): MeshSwarmError {
  if (!hasCode(thrown, 'INVALID_INPUT') && !hasCode(thrown, 'INVARIANT')) throw thrown
  return fromUnknown(thrown)
}

function withPart(whole: Json, at: Path, part: Json): Json {
  const [key, ...rest] = at
  if (key === undefined || typeof whole !== 'object' || whole === null) return part
  const inside = (whole as Record<string | number, Json>)[key] ?? null
  if (Array.isArray(whole)) return whole.with(Number(key), withPart(inside, rest, part))
  return { ...whole, [key]: withPart(inside, rest, part) }
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value)
}
