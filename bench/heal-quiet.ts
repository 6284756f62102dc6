import { setTimeout as delay } from 'node:timers/promises'
import { injectFault } from '../lab/index.ts'
import type { Random } from '../src/core/index.ts'
import type { Arena } from './heal-subjects.ts'

export interface QuietResult {
  readonly seconds: number
  readonly incidents: readonly string[]
  readonly actions: number
}

/** A mesh in which nothing is broken. With churn: short bursts of loss all the time, and one daemon that is reloaded. */
export async function runQuiet(
  arena: Arena,
  plan: { readonly seconds: number; readonly churn: boolean; readonly random: Random },
  signal: AbortSignal,
): Promise<QuietResult> {
  const before = arena.events().length
  const end = Date.now() + plan.seconds * 1000
  const reloadAt = Date.now() + plan.seconds * 500
  let reloaded = false
  while (Date.now() < end) {
    if (plan.churn) {
      await burst(arena, plan.random)
      if (!reloaded && Date.now() > reloadAt) {
        await reload(arena, plan.random)
        reloaded = true
      }
    }
    await delay(1000 + plan.random.int(1000), undefined, { signal })
  }
  const events = arena.events().slice(before)
  const incidents = events.flatMap((event) => (event.kind === 'incident-opened' ? [event.title] : []))
  const actions = events.filter(({ kind }) => kind === 'action-applied').length
  return { seconds: plan.seconds, incidents, actions }
}

async function burst({ lab, field }: Arena, random: Random): Promise<void> {
  const { a, b } = random.pick(lab.plan.links)
  const fault = await field.inject('loss-50', { kind: 'link', from: a.node, to: b.node })
  await delay(200 + random.int(400))
  await fault.revert()
}

/** Killed, and started again at once, as an init system would. */
async function reload({ lab }: Arena, random: Random): Promise<void> {
  const { id } = random.pick(lab.nodes)
  const fault = await injectFault(lab, 'daemon-killed', { kind: 'node', node: id })
  await fault.revert()
}
