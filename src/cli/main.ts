import { Command, CommanderError } from 'commander'
import { fromUnknown, meshSwarmError } from '../core/index.ts'
import { registerAuditCommands } from './audit/command.ts'
import { registerApproveCommand } from './authority/approve.ts'
import { registerAuthorityCommand } from './authority/authority.ts'
import { registerGrantCommand } from './authority/grant.ts'
import { registerHaltCommands } from './authority/halt.ts'
import { registerRevokeCommand } from './authority/revoke.ts'
import { type CliContext, processContext } from './context.ts'
import { registerConvertCommand } from './convert.ts'
import { exitCodeOf, printError } from './errors.ts'
import { registerExplainCommand } from './explain.ts'
import { registerInspectCommand } from './inspect.ts'
import { registerPolicyCommands } from './policy/command.ts'
import { registerLettersCommand } from './task/letters.ts'
import { registerRunCommand } from './task/run.ts'
import { registerTaskCommands } from './task/tasks.ts'

/** Adds one command to the program. What its action throws, the program prints and turns into an exit code. */
export type RegisterCommand = (program: Command, context: CliContext) => void

/** The commands that need nothing but the product itself. */
const OWN_COMMANDS: readonly RegisterCommand[] = [
  registerInspectCommand,
  registerConvertCommand,
  registerExplainCommand,
  registerRunCommand,
  registerTaskCommands,
  registerLettersCommand,
  registerAuditCommands,
  registerPolicyCommands,
  registerAuthorityCommand,
  registerGrantCommand,
  registerRevokeCommand,
  registerApproveCommand,
  registerHaltCommands,
]

/** The program with its own commands and `commands`. It never exits the process: usage errors throw. */
export function createProgram(context: CliContext, commands: readonly RegisterCommand[] = []): Command {
  const program = new Command('meshswarm')
    .description('A swarm of agents that keeps a mesh network healthy: watch, find, repair, verify.')
    .version('0.1.0')
    .exitOverride()
    .enablePositionalOptions()
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: () => {},
      getOutHelpWidth: () => Math.min(context.columns, 110),
      getOutHasColors: () => context.color,
    })
  for (const register of [...OWN_COMMANDS, ...commands]) register(program, context)
  return program
}

/**
 * Runs the program with the arguments after `node script`, and returns the exit code: 0, 1 for a failure, 2 for
 * bad input, 130 when the signal stopped it. Errors go to standard error, as JSON with `--json`. Never rejects.
 */
export async function run(
  argv: readonly string[],
  context: CliContext,
  commands: readonly RegisterCommand[] = [],
): Promise<number> {
  try {
    if (argv.length === 0) createProgram(context, commands).outputHelp()
    else await createProgram(context, commands).parseAsync([...argv], { from: 'user' })
    return context.signal.aborted ? 130 : 0
  } catch (thrown) {
    if (thrown instanceof CommanderError && thrown.exitCode === 0) return 0
    const error = context.signal.aborted ? abortedError(thrown) : asError(thrown)
    printError(error, { json: argv.includes('--json'), stderr: context.stderr })
    return exitCodeOf(error)
  }
}

/**
 * The program as this process: first Ctrl-C or SIGTERM stops it in good order, the second at once. A reader of
 * the output that goes away (`| head`) ends it without a word.
 */
export async function runProcess(commands: readonly RegisterCommand[] = []): Promise<void> {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (stop.signal.aborted) process.exit(130)
      stop.abort()
    })
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  process.exitCode = await run(process.argv.slice(2), processContext(stop.signal), commands)
}

function asError(thrown: unknown) {
  if (!(thrown instanceof CommanderError)) return fromUnknown(thrown)
  const text = thrown.message.replace(/^error: /, '').replaceAll('\n', ' ')
  return meshSwarmError('INVALID_INPUT', `${text.charAt(0).toUpperCase()}${text.slice(1)}`, { cause: thrown })
}

/** Whatever broke on the way down, the cause was the user's stop, unless it says something else worth reading. */
function abortedError(thrown: unknown) {
  const error = fromUnknown(thrown)
  return error.code === 'INVARIANT' ? meshSwarmError('CANCELLED', 'Stopped.', { cause: thrown }) : error
}
