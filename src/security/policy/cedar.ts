import type * as CedarModule from '@cedar-policy/cedar-wasm/nodejs'

export type Cedar = typeof CedarModule

/** 4 MB of WebAssembly, loaded by those who need it only. */
export function loadCedar(): Promise<Cedar> {
  return import('@cedar-policy/cedar-wasm/nodejs')
}
