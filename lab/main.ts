import { registerHealCommand, runProcess } from '../src/cli/index.ts'
import { registerLabCommands } from './cli.ts'
import { DRILL_MESHES, registerDrillCommand } from './drill/command.ts'
import { readTopology } from './reader.ts'

await runProcess([
  (program, context) => registerHealCommand(program, context, DRILL_MESHES),
  registerDrillCommand,
  (program, { print, signal }) => registerLabCommands(program, { reader: readTopology, print, signal }),
])
