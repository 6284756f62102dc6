import type { Command } from 'commander'
import { type CliContext, wholeNumber } from '../../src/cli/index.ts'
import { attackDrill, attackJson } from './attack-drill.ts'
import { attackStory, attackTable } from './attack-text.ts'

interface AttackFlags {
  readonly seed: number
  readonly json?: boolean
}

/** Adds `drill attack`: lets agents turn against a simulated mesh, and shows how far each attack gets. */
export function registerAttackCommand(drill: Command, context: CliContext): void {
  drill
    .command('attack')
    .description('let agents attack a simulated mesh of 1000 nodes, and see how far they get')
    .option('--seed <number>', 'the same seed gives the same attacks', wholeNumber(1), 1)
    .option('--json', 'print the rows as JSON')
    .action((flags: AttackFlags) => drillAttack(flags, context))
}

async function drillAttack({ seed, json }: AttackFlags, { print, signal, clock }: CliContext): Promise<void> {
  const started = clock.now()
  if (!json) {
    print(
      `A simulated mesh of 1000 nodes with 100 agents, seed ${seed}. Each attack has two simulated hours, from no control\n` +
        'to all of it: what a capability covers, budgets over every ancestor, and the oracle. Nothing real is touched.',
    )
  }
  const rows = await attackDrill({ seed }, (row) => json || print(`\n${attackStory(row)}`), signal)
  if (json) return print(JSON.stringify(rows.map(attackJson), null, 2))
  const took = ((clock.now() - started) / 1000).toFixed(0)
  print(`\nNodes written by the attackers, of 1000 (simulated):\n${attackTable(rows)}`)
  print(`\nAll of this is simulated, and took ${took} s. What it does not show: docs/SECURITY.md.`)
}
