import { runProcess } from '../src/cli/index.ts'
import { registerLabCommands } from './cli.ts'
import { readTopology } from './reader.ts'

await runProcess([
  (program, { print, signal }) => registerLabCommands(program, { reader: readTopology, print, signal }),
])
