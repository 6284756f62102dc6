import { readFile } from 'node:fs/promises'
import { findPackageJSON } from 'node:module'
import { pathToFileURL } from 'node:url'
import { meshSwarmError } from '../../../core/index.ts'

/** The library, on one instance of its WebAssembly. */
export type BiscuitLibrary = typeof import('@biscuit-auth/biscuit-wasm')

type Exports = Readonly<Record<string, unknown>>

/** What the types of Node leave out. */
interface WebAssemblyApi {
  readonly Module: { imports(compiled: object): readonly { readonly module: string }[] }
  compile(bytes: Uint8Array): Promise<object>
  instantiate(compiled: object, imports: Record<string, Exports>): Promise<{ readonly exports: Exports }>
}

interface Glue extends BiscuitLibrary {
  readonly __wbg_set_wasm: (exports: Exports) => void
}

const PACKAGE = '@biscuit-auth/biscuit-wasm'

/**
 * Does what the package leaves to a bundler: puts the WebAssembly and its glue together. An instance belongs to its
 * thread, and prints a line on the console when it is made.
 */
export async function loadBiscuit(): Promise<BiscuitLibrary> {
  const file = findPackageJSON(PACKAGE, import.meta.url)
  if (file === undefined) throw meshSwarmError('UNAVAILABLE', `${PACKAGE} is not installed.`)
  const folder = new URL('module/', pathToFileURL(file))
  const glue: Glue = await import(new URL('biscuit_bg.js', folder).href)
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }
  const wasm = await WebAssembly.compile(await readFile(new URL('biscuit_bg.wasm', folder)))
  const imports: Record<string, Exports> = {}
  for (const { module } of WebAssembly.Module.imports(wasm)) {
    imports[module] ??= await import(new URL(module, folder).href)
  }
  const { exports } = await WebAssembly.instantiate(wasm, imports)
  glue.__wbg_set_wasm(exports)
  const { __wbindgen_start: start } = exports
  if (typeof start !== 'function') throw meshSwarmError('UNAVAILABLE', `${PACKAGE} is not as it was.`)
  start()
  return glue
}
