import { type AgentId, agentId } from '../../core/index.ts'
import { type PublicKey, publicKey } from '../keys.ts'
import type { Approval, BlockContent, CapabilityTerms } from './engine.ts'
import { CAPABILITY_ACTIONS, isName, type Restriction } from './scope.ts'

/** What stands in a block. In the first one all of agent, holder, epoch and scope; in the others none of the three. */
export interface ReadBlock {
  readonly agent?: AgentId
  readonly holder?: PublicKey
  readonly epoch?: number
  readonly handover?: PublicKey
  /** Who gets it, in a block that hands over. */
  readonly to?: AgentId
  readonly approval?: Approval
  readonly restriction: Restriction
}

/**
 * Blocks in Datalog, one statement a line. Scope is checks, so that whoever verifies the token by Biscuit's rules alone
 * comes to the same result. Only names without quotes are written (`isName`).
 */
export function termsSource({ agent, holder, epoch, scope }: CapabilityTerms): string {
  const identity = [`agent("${agent}")`, `holder("${holder}")`, `check if epoch(${epoch})`]
  return source([...identity, ...restrictionLines(scope)])
}

export function blockSource(block: BlockContent): string {
  if (block.kind === 'restriction') {
    const { handover, to, restriction } = block
    const key = handover === undefined ? [] : [`handover("${handover}")`]
    const name = to === undefined ? [] : [`to("${to}")`]
    return source([...key, ...name, ...restrictionLines(restriction)])
  }
  const { plan, nodes, until } = block.approval
  return source([`approved("${plan}", ${set(nodes)}, ${date(until)})`])
}

/** Biscuit's dates have whole seconds. */
export function date(ms: number): string {
  return `${new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19)}Z`
}

function restrictionLines(restriction: Restriction): readonly string[] {
  const { actions, nodes, regions = [], until, maxTier, perMinute, blast } = restriction
  const lines: string[] = []
  if (actions) lines.push(`check if action($action), ${set(actions)}.contains($action)`)
  if (nodes === 'all') lines.push('check if node($node)')
  else if (nodes) lines.push(`check if node($node), ${set(nodes)}.contains($node)`)
  for (const region of regions) lines.push(`check if region("${region}")`)
  if (until !== undefined) lines.push(`check if time($time), $time < ${date(until)}`)
  if (maxTier !== undefined) lines.push(`check if tier($tier), $tier <= ${maxTier}`)
  if (perMinute !== undefined) lines.push(`rate(${perMinute})`)
  if (blast) lines.push(`blast(${blast.nodes}, ${blast.windowMs})`)
  return lines
}

export function set(names: readonly string[]): string {
  return `{${names.map((name) => `"${name}"`).join(', ')}}`
}

function source(lines: readonly string[]): string {
  return lines.map((line) => `${line};\n`).join('')
}

type Field = keyof ReadBlock | keyof Restriction
type Read = (...groups: readonly string[]) => unknown

const NAMES = '((?:"[^"\\\\]*"(?:, )?)+)'
const ISO = '(\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ)'
const names: Read = (list = '') => [...list.matchAll(/"([^"\\]*)"/g)].map(([, name]) => name)
const number: Read = (digits) => Number(digits)
const key: Read = (text = '') => publicKey(text)

/** Every statement that a block may have; whatever has another one is not ours. */
const STATEMENTS: readonly (readonly [RegExp, Field, Read])[] = [
  [/^agent\("([^"\\]+)"\)$/, 'agent', (text = '') => agentId(text)],
  [/^holder\("(ed25519\/[0-9a-f]{64})"\)$/, 'holder', key],
  [/^check if epoch\((\d{1,15})\)$/, 'epoch', number],
  [/^handover\("(ed25519\/[0-9a-f]{64})"\)$/, 'handover', key],
  [/^to\("([^"\\]+)"\)$/, 'to', (text = '') => agentId(text)],
  [
    new RegExp(`^approved\\("([0-9a-f]{64})", \\{${NAMES}\\}, ${ISO}\\)$`),
    'approval',
    (plan, nodes, until = '') => ({ plan, nodes: names(nodes ?? ''), until: Date.parse(until) }),
  ],
  [
    new RegExp(`^check if action\\(\\$action\\), \\{${NAMES}\\}\\.contains\\(\\$action\\)$`),
    'actions',
    names,
  ],
  [/^check if node\(\$node\)$/, 'nodes', () => 'all'],
  [new RegExp(`^check if node\\(\\$node\\), \\{${NAMES}\\}\\.contains\\(\\$node\\)$`), 'nodes', names],
  [/^check if region\("([^"\\]+)"\)$/, 'regions', (region) => [region]],
  [new RegExp(`^check if time\\(\\$time\\), \\$time < ${ISO}$`), 'until', (until = '') => Date.parse(until)],
  [/^check if tier\(\$tier\), \$tier <= ([0-3])$/, 'maxTier', number],
  [/^rate\(([1-9]\d{0,8})\)$/, 'perMinute', number],
  [
    /^blast\((\d{1,9}), ([1-9]\d{0,8})\)$/,
    'blast',
    (nodes, windowMs) => ({ nodes: Number(nodes), windowMs: Number(windowMs) }),
  ],
]

const KNOWN: ReadonlySet<string> = new Set(CAPABILITY_ACTIONS)
const OUTSIDE = new Set<Field>(['agent', 'holder', 'epoch', 'handover', 'to', 'approval'])

/** Undefined for a block with any statement that is not one of ours, or with one twice. */
export function readBlock(text: string): ReadBlock | undefined {
  const outside: Partial<Record<Field, unknown>> = {}
  const restriction: Partial<Record<Field, unknown>> = {}
  for (const line of text.split('\n')) {
    if (line === '') continue
    const found = readStatement(line.replace(/;$/, ''))
    if (!found) return undefined
    const { field, value } = found
    const into = OUTSIDE.has(field) ? outside : restriction
    if (field === 'regions')
      restriction.regions = [...regionsOf(restriction), ...regionsOf({ regions: value })]
    else if (into[field] !== undefined) return undefined
    else into[field] = value
  }
  const block = { ...outside, restriction } as ReadBlock
  return isSayable(block) ? block : undefined
}

function isSayable({ restriction: { actions = [], nodes = [], regions = [] } }: ReadBlock): boolean {
  const names = nodes === 'all' ? regions : [...nodes, ...regions]
  return actions.every((action) => KNOWN.has(action)) && names.every(isName)
}

function readStatement(line: string): { readonly field: Field; readonly value: unknown } | undefined {
  for (const [pattern, field, read] of STATEMENTS) {
    const match = pattern.exec(line)
    if (match) return { field, value: read(...match.slice(1)) }
  }
  return undefined
}

function regionsOf({ regions }: Partial<Record<Field, unknown>>): readonly unknown[] {
  return Array.isArray(regions) ? regions : []
}

/** Which part of the scope a failed check is about. */
export function checkSubject(rule: string): string {
  return /^check if (\w+)\(/.exec(rule)?.[1] ?? ''
}
