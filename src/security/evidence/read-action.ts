import { type Evidence, err, meshSwarmError, ok, type Result } from '../../core/index.ts'
import { ActionSchema, type MeshAction } from '../../mesh/index.ts'

/** The longest action is a tenth of it, with the names that meshes have. */
const MOST_CHARACTERS = 4096

/**
 * The one action that the whole text is, as JSON: nothing before it, behind it or beside it, and no key twice. An action
 * somewhere in a text is part of a text. No error repeats anything of it.
 */
export function readAction(evidence: Evidence): Result<MeshAction> {
  const text = evidence.untrustedText()
  if (text.length > MOST_CHARACTERS) return refused(`it is longer than ${MOST_CHARACTERS} characters`)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return refused('it is not JSON and nothing else')
  }
  const parsed = ActionSchema.safeParse(value)
  if (!parsed.success) return refused('it is not one known action with its own parameters and no others')
  // An action is flat, and in valid JSON a colon behind a string makes it a key. Twice, one reader sees the first
  // and another one the last.
  const keys = text.match(/"(?:[^"\\]|\\.)*"\s*:/g) ?? []
  if (keys.length !== Object.keys(parsed.data).length) return refused('it says something twice')
  return ok(Object.freeze(parsed.data))
}

function refused(why: string): Result<never> {
  return err(meshSwarmError('INVALID_ACTION', `The text proposes no action: ${why}.`))
}
