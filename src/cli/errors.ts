import { ERROR_CODES, type MeshSwarmError, toErrorBody } from '../core/index.ts'
import type { TextSink } from './context.ts'
import { printable, spellHidden } from './text.ts'

/** 2: bad input, another call will not help. 130: stopped by the user. 1: everything else. */
export function exitCodeOf(error: MeshSwarmError): number {
  if (error.kind === 'invalid-input') return 2
  return error.kind === 'cancelled' ? 130 : 1
}

/** `error CODE: message`, and below it what to do; `stopped` where the user did it. */
export function printError(
  error: MeshSwarmError,
  { json, stderr }: { readonly json: boolean; readonly stderr: TextSink },
): void {
  if (json) {
    stderr.write(`${spellHidden(JSON.stringify(toErrorBody(error)))}\n`)
    return
  }
  // Whoever pressed Ctrl-C has made no error.
  if (error.kind === 'cancelled') {
    stderr.write('stopped\n')
    return
  }
  stderr.write(`error ${error.code}: ${printable(error.message)}\n`)
  stderr.write(`  ${helpFor(error)}\n`)
  if (error.code !== 'INVARIANT' || !(error.cause instanceof Error)) return
  for (const line of (error.cause.stack ?? '').split('\n')) stderr.write(`${printable(line)}\n`)
}

function helpFor(error: MeshSwarmError): string {
  if (error.code === 'INVALID_INPUT') return 'See `meshswarm --help` and `meshswarm COMMAND --help`.'
  return ERROR_CODES[error.code].help
}
