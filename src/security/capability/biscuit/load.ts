import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { pathToFileURL } from 'node:url'
import { meshSwarmError } from '../../../core/index.ts'

/** The library, on one instance of its WebAssembly. */
export type BiscuitLibrary = typeof import('@biscuit-auth/biscuit-wasm')

/** Compiled WebAssembly: threads may share it, and what V8 has made of it so far. */
export type CompiledBiscuit = object

type Exports = Readonly<Record<string, unknown>>

/** What the types of Node leave out. */
interface WebAssemblyApi {
  readonly Module: {
    new (bytes: Uint8Array): CompiledBiscuit
    imports(compiled: CompiledBiscuit): readonly { readonly module: string }[]
  }
  instantiate(
    compiled: CompiledBiscuit,
    imports: Record<string, Exports>,
  ): Promise<{ readonly exports: Exports }>
}

interface Glue extends BiscuitLibrary {
  readonly __wbg_set_wasm: (exports: Exports) => void
}

const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }
const PACKAGE = '@biscuit-auth/biscuit-wasm'

/** Takes some 20 ms. Throws UNAVAILABLE where the package is missing. */
export function compileBiscuit(): CompiledBiscuit {
  return new WebAssembly.Module(readFileSync(new URL('biscuit_bg.wasm', folder())))
}

/**
 * Does what the package leaves to a bundler: puts the WebAssembly and its glue together. A thread has one instance, which
 * prints a line on the console when it is made.
 */
export async function loadBiscuit(compiled: CompiledBiscuit = compileBiscuit()): Promise<BiscuitLibrary> {
  const at = folder()
  const glue: Glue = await import(new URL('biscuit_bg.js', at).href)
  const imports: Record<string, Exports> = {}
  for (const { module } of WebAssembly.Module.imports(compiled)) {
    imports[module] ??= await import(new URL(module, at).href)
  }
  const { exports } = await WebAssembly.instantiate(compiled, imports)
  glue.__wbg_set_wasm(exports)
  const { __wbindgen_start: start } = exports
  if (typeof start !== 'function') throw meshSwarmError('UNAVAILABLE', `${PACKAGE} is not as it was.`)
  start()
  return glue
}

function folder(): URL {
  const file = findPackageJSON(PACKAGE, import.meta.url)
  if (file === undefined) throw meshSwarmError('UNAVAILABLE', `${PACKAGE} is not installed.`)
  return new URL('module/', pathToFileURL(file))
}
