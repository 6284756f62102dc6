/** What the injector leaves about, beside its faults' ids: its part of the lab's state, and its tags. */
const INJECTOR_TRACES: readonly RegExp[] = [
  /private\/(lab|faults)/,
  /['"`]private['"`]/,
  /['"`]ms_/,
  /\blab\.json\b/,
]

const LITERALS = /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g

/**
 * What the text knows of the fault injector: fault ids in string literals (a one-word id, which is plain English
 * too, only where it is the whole literal) and traces of the injector's state.
 */
export function knowledgeOf(source: string, faultIds: readonly string[]): string[] {
  const literals = source.match(LITERALS) ?? []
  const known = faultIds.filter((id) => {
    const word = id.includes('-') ? new RegExp(`(?<![\\w-])${id}(?![\\w-])`) : new RegExp(`^.${id}.$`)
    return literals.some((literal) => word.test(literal))
  })
  return [...known, ...INJECTOR_TRACES.filter((trace) => trace.test(source)).map(String)]
}
