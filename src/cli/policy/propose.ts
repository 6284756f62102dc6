import { basename } from 'node:path'
import { type Command, Option } from 'commander'
import {
  EVIDENCE_CHANNELS,
  Evidence,
  type EvidenceChannel,
  type Result,
  toErrorBody,
} from '../../core/index.ts'
import { describeAction, riskTier } from '../../mesh/index.ts'
import { type Proposal, propose } from '../../security/index.ts'
import type { CliContext } from '../context.ts'
import { readText } from '../read-text.ts'
import { readTopologyFile } from '../read-topology.ts'
import { plural, printable } from '../text.ts'
import { type CircumstanceFlags, circumstancesOf, openPolicy, withCircumstances } from './circumstances.ts'

interface ProposeFlags extends CircumstanceFlags {
  readonly topology: string
  readonly channel: EvidenceChannel
  readonly basedOn: readonly string[]
}

/** Approvals by more persons than this are not tried. */
const MOST_PERSONS = 5

/** Adds `propose` to `policy`: what would become of an action that somebody's text asks for. Nothing is done. */
export function addPropose(parent: Command, context: CliContext): void {
  const { clock, print, signal } = context
  const command = parent
    .command('propose <file>')
    .description(
      'what would become of an action, as JSON, that a model, a document or an agent proposes; nothing is done',
    )
    .requiredOption('--topology <file>', 'the mesh (meshviewer.json, NetJSON, GML)')
    .addOption(
      new Option('--channel <channel>', 'who has written the file')
        .choices(EVIDENCE_CHANNELS)
        .default('model'),
    )
    .option('--based-on <file...>', 'documents that its author had before it', [])
  withCircumstances(command).action(async (path: string, flags: ProposeFlags) => {
    const policy = await openPolicy(flags.policy)
    const { snapshot } = await readTopologyFile(flags.topology, context)
    const basedOn = await Promise.all(flags.basedOn.map((file) => read(file, 'document', [], signal)))
    const evidence = await read(path, flags.channel, basedOn, signal)
    const known = {
      ...circumstancesOf(flags, clock, snapshot.nodes.size),
      snapshot,
      regionsOf: () => flags.region,
    }
    const judge = (more: readonly string[]) =>
      propose(evidence, { policy }, { ...known, approvals: [...known.approvals, ...more] })
    const result = judge([])
    const persons = personsMissing(result, judge)
    if (flags.json) print(JSON.stringify(jsonOf(evidence, result, persons), null, 2))
    else for (const line of linesOf(evidence, result, persons)) print(printable(line))
    if (!result.ok) throw result.error
  })
}

async function read(
  path: string,
  channel: EvidenceChannel,
  basedOn: readonly Evidence[],
  signal: AbortSignal,
): Promise<Evidence> {
  const { text, writtenAt } = await readText(path, signal)
  return new Evidence({ channel, source: basename(path), text, at: writtenAt, basedOn })
}

/** How many further persons would have to approve; undefined where that is not what is missing. */
function personsMissing(
  result: Result<Proposal>,
  judge: (approvals: readonly string[]) => Result<Proposal>,
): number | undefined {
  if (result.ok) return undefined
  const unnamed = Array.from({ length: MOST_PERSONS }, (_, index) => `person ${index + 1}, not named yet`)
  const persons = unnamed.findIndex((_, index) => judge(unnamed.slice(0, index + 1)).ok) + 1
  return persons === 0 ? undefined : persons
}

function linesOf(evidence: Evidence, result: Result<Proposal>, persons?: number): readonly string[] {
  const texts = [evidence, ...evidence.basedOn].map((one) => `${one.channel} ${one.source}: ${one.quoted()}`)
  if (result.ok) {
    const { action, decision } = result.value
    const tier = `risk tier ${riskTier(action)}`
    return [...texts, `allowed: ${describeAction(action)} (${tier}). ${decision.why} Nothing was done.`]
  }
  return persons === undefined ? texts : [...texts, `waits for ${plural(persons, 'person')} to approve it`]
}

function jsonOf({ channels }: Evidence, result: Result<Proposal>, persons?: number) {
  const about = { channels, persons }
  if (!result.ok) return { allowed: false, ...about, ...toErrorBody(result.error) }
  const { action, decision } = result.value
  return { allowed: true, ...about, action, tier: riskTier(action), why: decision.why }
}
