import { type Command, Option } from 'commander'
import { agentId, type Clock, entropySeed, randomIds, seededRandom } from '../../core/index.ts'
import { type ControlMode, DEFAULT_POLICY, PolicyManager, type PolicyRequest } from '../../security/index.ts'
import { wholeNumber } from '../numbers.ts'
import { time } from '../time.ts'

/** Who asks, and how things are: what a person says so that policy can be asked. */
export interface CircumstanceFlags {
  readonly agent: string
  readonly policy: readonly string[]
  readonly group: readonly string[]
  readonly region: readonly string[]
  readonly approvedBy: readonly string[]
  readonly mode: ControlMode
  readonly written: number
  readonly at?: number
  readonly json?: boolean
}

export function withCircumstances(command: Command): Command {
  return command
    .requiredOption('--agent <id>', 'who asks')
    .option('--policy <path...>', 'files, or directories with *.cedar; the default policy unless told', [
      DEFAULT_POLICY,
    ])
    .option('--group <name...>', 'groups of the agent', [])
    .option('--region <name...>', 'regions of the node', [])
    .option('--approved-by <name...>', 'persons who have signed for it', [])
    .addOption(new Option('--mode <mode>', 'mode').choices(['observe', 'advise', 'heal']).default('heal'))
    .option('--written <count>', 'nodes changed in the window, this one included', wholeNumber(0), 1)
    .option('--at <time>', 'when, as 2026-11-28T01:00Z; now unless told', time)
    .option('--json', 'print JSON')
}

type Circumstances = Pick<
  PolicyRequest,
  'agent' | 'mode' | 'at' | 'epoch' | 'approvals' | 'nodesWritten' | 'nodesAllowed'
>

export function circumstancesOf(flags: CircumstanceFlags, clock: Clock, meshNodes: number): Circumstances {
  return {
    agent: { id: agentId(flags.agent), groups: flags.group },
    mode: flags.mode,
    at: flags.at ?? clock.now(),
    epoch: 0,
    approvals: flags.approvedBy,
    nodesWritten: flags.written,
    nodesAllowed: Math.max(6, Math.floor(meshNodes / 20)),
  }
}

export function openPolicy(paths: readonly string[]): Promise<PolicyManager> {
  return PolicyManager.open({ ids: randomIds(seededRandom(entropySeed())) }, { paths })
}
