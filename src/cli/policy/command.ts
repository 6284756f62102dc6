import type { Command } from 'commander'
import { hasCode, type MeshSwarmError } from '../../core/index.ts'
import { type PolicyProblem, problemText } from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { plural, printable } from '../text.ts'
import { openPolicy } from './circumstances.ts'
import { addExplain } from './explain.ts'
import { addPropose } from './propose.ts'

/** Adds `policy check|explain|propose`. */
export function registerPolicyCommands(program: Command, context: CliContext): void {
  const { print } = context
  const policy = program.command('policy').description('what the organisation allows at all, in Cedar')

  policy
    .command('check <file...>')
    .description(
      'look whether policies (files, or directories with *.cedar) are sound, and where they are not',
    )
    .option('--json', 'print JSON')
    .action(async (paths: readonly string[], { json }: { readonly json?: boolean }) => {
      const { policies, problems, error } = await check(paths)
      if (json) print(JSON.stringify({ policies, problems }, null, 2))
      else {
        for (const problem of problems) print(printable(problemText(problem)))
        if (!error) print(`sound: ${plural(policies.length, 'policy', 'policies')}`)
      }
      if (error) throw error
    })

  addExplain(policy, context)
  addPropose(policy, context)
}

async function check(paths: readonly string[]) {
  try {
    return { policies: (await openPolicy(paths)).policies, problems: [], error: undefined }
  } catch (error) {
    if (!hasCode(error, 'INVALID_CONFIGURATION')) throw error
    return { policies: [], problems: problemsOf(error), error }
  }
}

function problemsOf({ details }: MeshSwarmError): readonly PolicyProblem[] {
  return (details.problems as readonly PolicyProblem[] | undefined) ?? []
}
