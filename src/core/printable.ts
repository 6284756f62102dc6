/** Names and texts come from strangers: nothing in them may steer a terminal, begin a line or reorder one. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cs}\u2028\u2029]/gu, '\ufffd')
}
