/** How many times a decision is asked for before the last one has come: what the thread has to do is never short. */
const TOGETHER = 50

/**
 * Decisions for each second of CPU time of this process, all its threads included: other processes on the machine do not
 * distort it. Throws where a decision is not what it must be.
 */
export async function perCpuSecond(
  count: number,
  decide: (index: number) => Promise<boolean>,
): Promise<number> {
  const before = process.cpuUsage()
  for (let from = 0; from < count; from += TOGETHER) {
    const batch = Array.from({ length: Math.min(TOGETHER, count - from) }, (_, offset) =>
      decide(from + offset),
    )
    const allowed = await Promise.all(batch)
    if (!allowed.every(Boolean)) throw new Error('a decision is wrong: nothing was measured')
  }
  const { user, system } = process.cpuUsage(before)
  return count / ((user + system) / 1e6)
}
