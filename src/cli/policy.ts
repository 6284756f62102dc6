import { type Command, Option } from 'commander'
import { agentId, type Clock, hasCode, type MeshSwarmError, nodeId } from '../core/index.ts'
import { ACTION_KINDS, type ActionKind, kindTier, type RiskTier } from '../mesh/index.ts'
import {
  type ControlMode,
  DEFAULT_POLICY,
  type PolicyProblem,
  type PolicyRequest,
  type PolicyVerdict,
  policyWords,
  problemText,
} from '../security/index.ts'
import type { CliContext } from './context.ts'
import { wholeNumber } from './numbers.ts'
import { openPolicy } from './open-policy.ts'
import { plural, printable } from './text.ts'
import { time } from './time.ts'

interface ExplainFlags {
  readonly agent: string
  readonly action: ActionKind | 'mint'
  readonly node: string
  readonly policy: readonly string[]
  readonly group: readonly string[]
  readonly region: readonly string[]
  readonly approvedBy: readonly string[]
  readonly mode: ControlMode
  readonly tier?: RiskTier
  readonly lifetime: number
  readonly written: number
  readonly nodes: number
  readonly at?: number
  readonly json?: boolean
}

/** Adds `policy check|explain`. */
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

  policy
    .command('explain')
    .description('what each policy says of a request, and what comes of it')
    .requiredOption('--agent <id>', 'who asks')
    .addOption(
      new Option('--action <kind>', 'what for; mint: a capability')
        .choices([...ACTION_KINDS, 'mint'])
        .makeOptionMandatory(),
    )
    .requiredOption('--node <id>', 'for which node')
    .option('--policy <path...>', 'files, or directories with *.cedar; the default policy unless told', [
      DEFAULT_POLICY,
    ])
    .option('--group <name...>', 'groups of the agent', [])
    .option('--region <name...>', 'regions of the node', [])
    .option('--approved-by <name...>', 'persons who have signed for it', [])
    .addOption(new Option('--mode <mode>', 'mode').choices(['observe', 'advise', 'heal']).default('heal'))
    .option('--tier <tier>', "risk tier, 0 to 3; the action's own unless told", wholeNumber(0, 3))
    .option('--lifetime <seconds>', 'of a capability', wholeNumber(1), 3600)
    .option('--written <count>', 'nodes changed in the window, this one included', wholeNumber(0), 1)
    .option('--nodes <count>', 'nodes of the mesh', wholeNumber(1), 100)
    .option('--at <time>', 'when, as 2026-11-28T01:00Z; now unless told', time)
    .option('--json', 'print JSON')
    .action(async (flags: ExplainFlags) => {
      const manager = await openPolicy(flags.policy)
      const request = requestOf(flags, context.clock)
      const verdicts = manager.explain(request)
      const decision = manager.decide(request)
      if (flags.json) return print(JSON.stringify({ ...decision, verdicts }, null, 2))
      for (const verdict of verdicts) print(printable(lineOf(verdict)))
      return print(printable(`${decision.allowed ? 'allowed' : 'denied'}: ${decision.why}`))
    })
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

function requestOf(flags: ExplainFlags, clock: Clock): PolicyRequest {
  const { action, mode, group, region, approvedBy, written, nodes, lifetime } = flags
  return {
    agent: { id: agentId(flags.agent), groups: group },
    node: { id: nodeId(flags.node), regions: region },
    asks:
      action === 'mint' ? { operation: 'mint', lifetimeMs: lifetime * 1000 } : { operation: 'apply', action },
    mode,
    tier: flags.tier ?? (action === 'mint' ? 2 : kindTier(action)),
    at: flags.at ?? clock.now(),
    epoch: 0,
    approvals: approvedBy,
    nodesWritten: written,
    meshNodes: nodes,
  }
}

/** `permits  repair  default.cedar:6  Agents repair nodes…`; a dash where it does not apply. */
function lineOf({ policy, applies, error }: PolicyVerdict): string {
  const { effect, id, file, line } = policy
  const said = error === undefined ? (applies ? `${effect}s` : '-') : 'fails'
  return `${said.padEnd(8)} ${id}  ${file}:${line}  ${error ?? policyWords(policy)}`
}
