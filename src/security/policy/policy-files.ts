import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fromUnknown, meshSwarmError } from '../../core/index.ts'

export interface PolicyFile {
  readonly name: string
  readonly text: string
}

/** What holds where nobody has written a policy. */
export const DEFAULT_POLICY = fileURLToPath(new URL('./default.cedar', import.meta.url))

/** Files, and all `*.cedar` of directories. Throws INVALID_CONFIGURATION where one cannot be read or there is none. */
export function readPolicyFiles(paths: readonly string[]): readonly PolicyFile[] {
  const files = attempt(paths.join(', '), () => paths.flatMap(filesAt))
  if (files.length === 0)
    throw meshSwarmError('INVALID_CONFIGURATION', `There is no policy (*.cedar) in ${paths.join(', ')}.`)
  return files.map((name) => ({ name, text: attempt(name, () => readFileSync(name, 'utf8')) }))
}

/** Where a change of the files is seen. Editors replace files: that is seen in their directory. */
export function directoriesOf(paths: readonly string[]): ReadonlySet<string> {
  return new Set(paths.map((path) => (statSync(path).isDirectory() ? path : dirname(path))))
}

/** The language that policies are checked against. */
export function readSchema(): string {
  return readFileSync(new URL('./mesh.cedarschema', import.meta.url), 'utf8')
}

function filesAt(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path]
  const names = readdirSync(path).filter((name) => name.endsWith('.cedar'))
  return names.sort().map((name) => join(path, name))
}

function attempt<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (cause) {
    const message = `Cannot read the policy ${what}: ${fromUnknown(cause).message}`
    throw meshSwarmError('INVALID_CONFIGURATION', message, { cause })
  }
}
