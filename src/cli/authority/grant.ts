import type { Command } from 'commander'
import { agentId, meshSwarmError, type NodeId, nodeId } from '../../core/index.ts'
import type { RiskTier } from '../../mesh/index.ts'
import {
  BiscuitEngine,
  type CapabilityAction,
  CapabilityManager,
  DEFAULT_POLICY,
  describeCapability,
  keyPair,
  type PolicyRequest,
  publicKey,
  readRootKey,
  type Scope,
} from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { wholeNumber } from '../numbers.ts'
import { openPolicy } from '../policy/circumstances.ts'
import { printable } from '../text.ts'
import { DEFAULT_AUTHORITY } from './authority.ts'

interface GrantFlags {
  readonly holder: string
  readonly may: string
  readonly nodes: string
  readonly regions?: string
  readonly minutes: number
  readonly perMinute: number
  readonly maxNodes: number
  readonly window: number
  readonly maxTier: number
  readonly epoch: number
  readonly group: readonly string[]
  readonly policy: readonly string[]
  readonly authority: string
  readonly dryRun?: boolean
  readonly json?: boolean
}

const MINUTE_MS = 60_000

/** Adds `grant AGENT`: signs a capability, says it in words and prints the token. */
export function registerGrantCommand(program: Command, context: CliContext): void {
  program
    .command('grant <agent>')
    .description('give an agent a capability: the token that it shows to the nodes')
    .requiredOption('--holder <key>', "the agent's public key, as ed25519/HEX")
    .requiredOption('--may <actions>', 'what it may do, as probe,inspect')
    .requiredOption('--nodes <names>', 'on which nodes, as 12,13, or all')
    .option('--regions <names>', 'only where a node is in all of these')
    .option('--minutes <count>', 'for how long', wholeNumber(1), 60)
    .option('--per-minute <count>', 'how often', wholeNumber(1), 60)
    .option('--max-nodes <count>', 'different nodes that it may change in a window', wholeNumber(0), 1)
    .option('--window <minutes>', 'how long that window is', wholeNumber(1), 10)
    .option('--max-tier <tier>', 'the highest risk, 0 to 3', wholeNumber(0, 3), 0)
    .option('--epoch <number>', 'the present epoch', wholeNumber(0), 0)
    .option('--group <name...>', 'groups of the agent, for the policy', [])
    .option('--policy <path...>', 'files, or directories with *.cedar; the default policy unless told', [
      DEFAULT_POLICY,
    ])
    .option('--authority <dir>', 'where the root of authority is kept', DEFAULT_AUTHORITY)
    .option('--dry-run', 'only say it in words: nothing is signed with the root')
    .option('--json', 'print JSON')
    .action((agent: string, flags: GrantFlags) => grant(agent, flags, context))
}

async function grant(agent: string, flags: GrantFlags, context: CliContext): Promise<void> {
  const { clock, signal, print, rootKey } = context
  const { dryRun, json, epoch, authority } = flags
  const holder = publicKey(flags.holder)
  const scope = scopeOf(flags, clock.now())
  await askPolicy(agent, scope, flags, clock.now())
  const root = dryRun ? keyPair() : readRootKey(authority, rootKey)
  const engine = new BiscuitEngine({ clock })
  try {
    const { token, capability } = await new CapabilityManager({ engine, clock, root }).mint(
      { agent: agentId(agent), holder, epoch, scope },
      signal,
    )
    const words = describeCapability(capability, clock.now())
    const [{ id }] = capability.lineage
    if (json) return print(JSON.stringify(dryRun ? { words } : { words, token, id }))
    print(printable(words))
    if (!dryRun) print(`token: ${token}\nto end it: meshswarm revoke ${id}`)
  } finally {
    await engine.close()
  }
}

/** Rejects ACTION_DENIED, with the policy's words, where it does not permit a capability for one of the nodes. */
async function askPolicy(agent: string, scope: Scope, flags: GrantFlags, now: number): Promise<void> {
  const policy = await openPolicy(flags.policy)
  // Which nodes there are the authority does not know: for every node it asks once, by that name.
  for (const node of scope.nodes === 'all' ? [nodeId('all')] : scope.nodes) {
    const { allowed, why, policies } = policy.decide(mintRequest(agent, node, scope, flags, now))
    if (allowed) continue
    const which = scope.nodes === 'all' ? 'every node' : `node ${node}`
    throw meshSwarmError('ACTION_DENIED', `The policy gives ${agent} no capability for ${which}: ${why}`, {
      details: { reason: 'policy', node, policies: policies.map(({ id }) => id) },
    })
  }
}

function mintRequest(
  agent: string,
  node: NodeId,
  { regions, until, maxTier, blast }: Scope,
  { group, epoch }: GrantFlags,
  now: number,
): PolicyRequest {
  return {
    agent: { id: agentId(agent), groups: group },
    // The token counts on a node of these regions and on no other.
    node: { id: node, regions },
    asks: { operation: 'mint', lifetimeMs: until - now },
    mode: 'heal',
    ...{ tier: maxTier, at: now, epoch, approvals: [] },
    // How large the mesh is the authority does not know either.
    ...{ nodesWritten: blast.nodes, nodesAllowed: blast.nodes, meshNodes: 0, evidence: [] },
  }
}

function scopeOf(flags: GrantFlags, now: number): Scope {
  const { nodes, regions = '', minutes, perMinute, maxNodes, window, maxTier } = flags
  return {
    // What is no action, the manager refuses.
    actions: list(flags.may) as CapabilityAction[],
    nodes: nodes === 'all' ? 'all' : list(nodes).map(nodeId),
    regions: list(regions),
    until: now + minutes * MINUTE_MS,
    maxTier: maxTier as RiskTier,
    perMinute,
    blast: { nodes: maxNodes, windowMs: window * MINUTE_MS },
  }
}

function list(text: string): readonly string[] {
  return text.split(',').filter((name) => name !== '')
}
