/** Work for a thread: the sum of a list, after so many turns of a loop. */
export default function sum({ numbers, turns = 0 }: { numbers: readonly number[]; turns?: number }): number {
  let total = 0
  for (let turn = 0; turn < turns; turn += 1) total += Math.sin(turn) > 2 ? 1 : 0
  return numbers.reduce((before, number) => before + number, total)
}
