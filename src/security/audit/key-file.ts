import { linkSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fromUnknown, type IdSource, meshSwarmError } from '../../core/index.ts'
import { isErrno, syncDirectory } from '../../store/index.ts'
import { NoteSigner } from './signed-note.ts'

/**
 * The signing key in the file, made where there is none (mode 0600). Of two processes that make it at once both get
 * the same. Throws INVALID_CONFIGURATION where the file holds something else or others may read it.
 */
export function loadSigner({ ids }: { readonly ids: IdSource }, file: string): NoteSigner {
  if (!statSync(file, { throwIfNoEntry: false })) makeKey(ids, file)
  if ((statSync(file).mode & 0o077) !== 0)
    throw meshSwarmError('INVALID_CONFIGURATION', `${file} is a secret: chmod 600 ${file}.`)
  return readSigner(file)
}

/** As `loadSigner`, and never makes one: INVALID_CONFIGURATION where there is none. */
export function readSigner(file: string): NoteSigner {
  try {
    return NoteSigner.parse(readFileSync(file, 'utf8').trimEnd())
  } catch (error) {
    const message = `${file} holds no signing key: ${fromUnknown(error).message}`
    throw meshSwarmError('INVALID_CONFIGURATION', message, { details: { file }, cause: error })
  }
}

function makeKey(ids: IdSource, file: string): void {
  const directory = dirname(file)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const signer = NoteSigner.generate(`meshswarm/${ids.next('audit')}`)
  const draft = `${file}.${ids.next('draft')}`
  // Durable before it signs anything: without its key a log cannot be gone on with.
  writeFileSync(draft, `${signer.secret}\n`, { mode: 0o600, flag: 'wx', flush: true })
  try {
    linkSync(draft, file)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  } finally {
    rmSync(draft, { force: true })
  }
  syncDirectory(directory)
}
