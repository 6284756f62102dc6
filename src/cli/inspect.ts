import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import { inspectReport } from './inspect-report.ts'
import { inspectText } from './inspect-text.ts'
import { wholeNumber } from './numbers.ts'
import { readTopologyFile } from './read-topology.ts'
import { styleFor } from './text.ts'

interface InspectFlags {
  readonly top: number
  readonly json?: boolean
}

/** Adds `inspect FILE`: what is in a topology file, and where the mesh is weak. */
export function registerInspectCommand(program: Command, context: CliContext): void {
  program
    .command('inspect <file>')
    .description('what is in a topology file (meshviewer.json, NetJSON, GML; - for standard input)')
    .option('--top <count>', 'length of the lists', wholeNumber(1), 10)
    .option('--json', 'print JSON: every weak point, and as many worst links as --top says')
    .action(async (path: string, { top, json }: InspectFlags) => {
      const file = await readTopologyFile(path, context)
      const report = inspectReport(file, context.clock.now(), top)
      if (json) context.print(JSON.stringify(report, null, 2))
      else
        context.print(
          inspectText(report, { top, style: styleFor(context.color), width: Math.min(context.columns, 120) }),
        )
    })
}
