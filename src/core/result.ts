import { fromUnknown, type MeshSwarmError } from './errors.ts'

/** A failure that the caller is expected to deal with, as a value. Everything else throws. */
export type Result<T, E = MeshSwarmError> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: E }

export function ok<T>(value: T): Result<T, never> {
  return { ok: true, value }
}

export function err<E>(error: E): Result<never, E> {
  return { ok: false, error }
}

/** Runs `work` and never rejects: what it throws comes back as an error of the taxonomy. */
export async function attempt<T>(work: () => T | Promise<T>): Promise<Result<T>> {
  try {
    return ok(await work())
  } catch (thrown) {
    return err(fromUnknown(thrown))
  }
}
