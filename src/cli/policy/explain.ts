import { type Command, Option } from 'commander'
import { type Clock, EVIDENCE_CHANNELS, type EvidenceChannel, nodeId } from '../../core/index.ts'
import { ACTION_KINDS, type ActionKind, kindTier, type RiskTier } from '../../mesh/index.ts'
import { type PolicyRequest, type PolicyVerdict, policyWords } from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { wholeNumber } from '../numbers.ts'
import { printable } from '../text.ts'
import { type CircumstanceFlags, circumstancesOf, openPolicy, withCircumstances } from './circumstances.ts'

interface ExplainFlags extends CircumstanceFlags {
  readonly action: ActionKind | 'mint'
  readonly node: string
  readonly tier?: RiskTier
  readonly evidence: readonly EvidenceChannel[]
  readonly lifetime: number
  readonly nodes: number
}

/** Adds `explain` to `policy`: what each policy says of a request. */
export function addExplain(policy: Command, { clock, print }: CliContext): void {
  const command = policy
    .command('explain')
    .description('what each policy says of a request, and what comes of it')
    .addOption(
      new Option('--action <kind>', 'what for; mint: a capability')
        .choices([...ACTION_KINDS, 'mint'])
        .makeOptionMandatory(),
    )
    .requiredOption('--node <id>', 'for which node')
    .option('--tier <tier>', "risk tier, 0 to 3; the action's own unless told", wholeNumber(0, 3))
    .addOption(
      new Option('--evidence <channel...>', 'where the texts come from that it was read out of')
        .choices(EVIDENCE_CHANNELS)
        .default([]),
    )
    .option('--lifetime <seconds>', 'of a capability', wholeNumber(1), 3600)
    .option('--nodes <count>', 'nodes of the mesh', wholeNumber(1), 100)
  withCircumstances(command).action(async (flags: ExplainFlags) => {
    const manager = await openPolicy(flags.policy)
    const request = requestOf(flags, clock)
    const verdicts = manager.explain(request)
    const decision = manager.decide(request)
    if (flags.json) return print(JSON.stringify({ ...decision, verdicts }, null, 2))
    for (const verdict of verdicts) print(printable(lineOf(verdict)))
    return print(printable(`${decision.allowed ? 'allowed' : 'denied'}: ${decision.why}`))
  })
}

function requestOf(flags: ExplainFlags, clock: Clock): PolicyRequest {
  const { action, node, region, tier, evidence, nodes, lifetime } = flags
  return {
    ...circumstancesOf(flags, clock, nodes),
    node: { id: nodeId(node), regions: region },
    asks:
      action === 'mint' ? { operation: 'mint', lifetimeMs: lifetime * 1000 } : { operation: 'apply', action },
    tier: tier ?? (action === 'mint' ? 2 : kindTier(action)),
    evidence,
    meshNodes: nodes,
  }
}

/** `permits  repair  default.cedar:6  Agents repair nodes…`; a dash where it does not apply. */
function lineOf({ policy, applies, error }: PolicyVerdict): string {
  const { effect, id, file, line } = policy
  const said = error === undefined ? (applies ? `${effect}s` : '-') : 'fails'
  return `${said.padEnd(8)} ${id}  ${file}:${line}  ${error ?? policyWords(policy)}`
}
