import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fromUnknown, meshSwarmError } from '../../core/index.ts'
import { isErrno, syncDirectory } from '../../store/index.ts'
import { type ApprovalRequest, openApprovalRequest } from './approval-request.ts'

/** Throws INVALID_INPUT where it cannot be read, and as `openApprovalRequest` does. */
export function readApprovalRequest(file: string): ApprovalRequest {
  try {
    return openApprovalRequest(JSON.parse(readFileSync(file, 'utf8')))
  } catch (cause) {
    const why = cause instanceof SyntaxError ? 'it is no JSON.' : fromUnknown(cause).message
    throw meshSwarmError('INVALID_INPUT', `${file}: ${why}`, { details: { file }, cause })
  }
}

/** A new file, mode 0600. Throws CONFLICT where there is one: approvals may be in it. */
export function writeApprovalRequest(file: string, request: ApprovalRequest): void {
  withDraft(file, request, 0o600, (draft) => {
    try {
      linkSync(draft, file)
    } catch (cause) {
      if (!isErrno(cause, 'EEXIST')) throw cause
      throw meshSwarmError('CONFLICT', `${file} exists already.`, { details: { file }, cause })
    }
    rmSync(draft)
  })
}

/**
 * Puts `request` in the place of `before`, whole or not at all. Throws CONFLICT where the file is another one by now, or is
 * being written: of two persons who approve at once, one approves again.
 */
export function replaceApprovalRequest(
  file: string,
  before: ApprovalRequest,
  request: ApprovalRequest,
): void {
  withDraft(file, request, statSync(file).mode & 0o777, (draft) => {
    if (readApprovalRequest(file).token !== before.token)
      throw meshSwarmError('CONFLICT', `${file} was approved by somebody else just now: look at it again.`, {
        details: { file },
      })
    renameSync(draft, file)
  })
}

/** The draft is the lock as well: there is one at a time. `use` takes it away; where it fails, nothing is left of it. */
function withDraft(file: string, request: ApprovalRequest, mode: number, use: (draft: string) => void): void {
  const draft = `${file}.new`
  try {
    writeFileSync(draft, `${JSON.stringify(request, undefined, 2)}\n`, { mode, flag: 'wx', flush: true })
  } catch (cause) {
    if (!isErrno(cause, 'EEXIST')) throw cause
    throw meshSwarmError('CONFLICT', `${file} is being written. Remove ${draft} if nobody does.`, {
      details: { file },
      cause,
    })
  }
  try {
    use(draft)
  } catch (thrown) {
    rmSync(draft, { force: true })
    throw thrown
  }
  syncDirectory(dirname(file))
}
