import { writeFile } from 'node:fs/promises'
import { type Command, Option } from 'commander'
import { meshSwarmError } from '../core/index.ts'
import { TOPOLOGY_FORMATS, type TopologyFormat, writeTopology } from '../mesh/index.ts'
import type { CliContext } from './context.ts'
import { readTopologyFile } from './read-topology.ts'
import { plural, printable } from './text.ts'

interface ConvertFlags {
  readonly to: TopologyFormat
  readonly out?: string
  readonly json?: boolean
}

/** Adds `convert FILE --to FORMAT [--out FILE]`. Nothing is lost: the other way gives the same mesh back. */
export function registerConvertCommand(program: Command, context: CliContext): void {
  program
    .command('convert <file>')
    .description(
      'turn a topology file (meshviewer.json, NetJSON, GML; - for standard input) into another format',
    )
    .addOption(new Option('--to <format>', 'format to write').choices(TOPOLOGY_FORMATS).makeOptionMandatory())
    .option('--out <file>', 'where to write it; standard output unless told')
    .option('--json', 'with --out: say what was written as JSON')
    .action(async (path: string, { to, out, json }: ConvertFlags) => {
      const { name, format, snapshot } = await readTopologyFile(path, context)
      const text = writeTopology(snapshot, to)
      if (out === undefined) return void context.stdout.write(text)
      await write(out, text, context.signal)
      const [nodes, links] = [snapshot.nodes.size, snapshot.links.size]
      if (json) return context.print(JSON.stringify({ from: format, to, in: path, out, nodes, links }))
      return context.print(
        printable(
          `${name} (${format}) -> ${out} (${to}): ${plural(nodes, 'node')}, ${plural(links, 'link')}`,
        ),
      )
    })
}

async function write(path: string, text: string, signal: AbortSignal): Promise<void> {
  try {
    await writeFile(path, text, { signal })
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'unwritable'
    throw meshSwarmError('INVALID_INPUT', `Cannot write ${path}: ${reason}.`, { cause: error })
  }
}
