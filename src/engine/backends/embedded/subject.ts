import { meshSwarmError } from '../../../core/index.ts'

const WORD = /^[^\s.*>]+$/

/** Throws INVALID_INPUT unless it is words with dots between them. */
export function checkSubject(subject: string): void {
  if (!subject.split('.').every((word) => WORD.test(word))) throw invalid(subject)
}

/** Whether a subject is one of those meant. `*` is one word; `>`, as the last one, is one or more. */
export function matcher(pattern: string): (subject: string) => boolean {
  const words = pattern.split('.')
  const open = words.at(-1) === '>'
  const fixed = open ? words.slice(0, -1) : words
  if (!fixed.every((word) => word === '*' || WORD.test(word))) throw invalid(pattern)
  return (subject) => {
    const given = subject.split('.')
    if (open ? given.length <= fixed.length : given.length !== fixed.length) return false
    return fixed.every((word, index) => word === '*' || word === given[index])
  }
}

function invalid(subject: string): Error {
  return meshSwarmError('INVALID_INPUT', `'${subject}' is no subject: words with dots between them.`, {
    details: { subject },
  })
}
