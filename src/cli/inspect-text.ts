import { lined, NAME, namely, type TextOptions } from './inspect-lines.ts'
import { gatewayLines, worstLinkLines } from './inspect-quality-text.ts'
import type { InspectReport } from './inspect-report.ts'
import type { Column } from './table.ts'
import { count, duration, plural, printable, type Style, someOf } from './text.ts'

/** The report for a person at three in the morning: what is broken first, then what would hurt next. */
export function inspectText(report: InspectReport, options: TextOptions): string {
  const sections = [
    overview(report, options),
    trouble(report, options),
    gatewayLines(report, options),
    weakNodes(report, options),
    weakLinks(report, options),
    worstLinkLines(report, options),
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}

function overview(report: InspectReport, { style }: TextOptions): string[] {
  const told = report.takenAtFrom === 'file' ? 'as of' : 'tells no time; written'
  const about = `${printable(report.file)} (${report.format}), ${told} ${utc(report.takenAt)}, ${duration(report.ageMs)} ago`
  const facts: [string, string][] = [
    ['nodes', `${count(report.nodes.total)}${nodeStates(report, style)}`],
    ['links', `${count(report.links.total)}${linkStates(report, style)}`],
    ['parts', parts(report)],
  ]
  const { protection } = report
  if (protection !== undefined) {
    const { protected: safe, exposed, without } = protection
    const cut = without === 0 ? '' : `, ${style.red(`${count(without)} reach no gateway now`)}`
    facts.push([
      'safety',
      `${count(safe)} keep a gateway whatever single node or link fails, ${count(exposed)} hang on one${cut}`,
    ])
  }
  const title = style.bold(printable(report.label ?? report.file))
  return [title, style.dim(about), '', ...facts.map(([name, text]) => `  ${name.padEnd(8)}${text}`)]
}

function nodeStates({ nodes }: InspectReport, style: Style): string {
  const marked = nodes.gateways === 0 ? '' : `; ${plural(nodes.gateways, 'gateway')}`
  if (nodes.unknown === nodes.total) return `, state unknown: the file does not tell${marked}`
  const states = [`${count(nodes.online)} online`]
  if (nodes.offline > 0) states.push(style.red(`${count(nodes.offline)} offline`))
  if (nodes.unknown > 0) states.push(`${count(nodes.unknown)} unknown`)
  const { sum, unknownOn } = nodes.clients
  const silent = unknownOn > 0 ? ` (${plural(unknownOn, 'node')} without statistics not counted)` : ''
  const clients = unknownOn === nodes.online + nodes.unknown ? '' : `; ${plural(sum, 'client')}${silent}`
  return `: ${states.join(', ')}${marked}${clients}`
}

function linkStates({ links }: InspectReport, style: Style): string {
  if (links.total === 0) return ''
  const states: string[] = []
  if (links.up > 0) states.push(`${count(links.up)} up`)
  if (links.down > 0) states.push(style.red(`${count(links.down)} down`))
  if (links.unknown > 0) states.push(`${count(links.unknown)} unknown`)
  const text =
    links.unknown === links.total ? ', state unknown: the file does not tell' : `: ${states.join(', ')}`
  const types = Object.entries(links.byType)
  const named = types.map(([type, uses]) => `${count(uses)} ${printable(type)}`)
  const kinds = types.length === 1 && types[0]?.[0] === 'no type' ? '' : `; ${someOf(named, 5)}`
  const parallel = links.parallel > 0 ? `; ${count(links.parallel)} share their two nodes with another` : ''
  return `${text}${kinds}${parallel}`
}

function parts({ components, isolated }: InspectReport): string {
  const [largest, ...rest] = components.sizes.filter((size) => size > 1)
  if (largest === undefined)
    return components.count === 0 ? 'nothing is online' : 'no two nodes are connected'
  const alone =
    isolated.length === 0 ? '' : `; ${plural(isolated.length, 'node')} alone, without a usable link`
  if (rest.length === 0) return `one connected mesh of ${count(largest)}${alone}`
  return `${rest.length + 1}: the largest of ${count(largest)} nodes, then ${someOf(rest.map(String), 8)}${alone}`
}

function trouble(
  { trouble: { offline, withoutGateway, downLinks }, takenAt }: InspectReport,
  options: TextOptions,
) {
  const { style, top } = options
  const rows: [string, string[]][] = []
  const since = (lastSeen: string | null) =>
    lastSeen === null ? '' : ` (${duration(Date.parse(takenAt) - Date.parse(lastSeen))})`
  const gateways = offline.filter((node) => node.gateway)
  const nodes = offline.filter((node) => !node.gateway)
  rows.push(['gateways offline', gateways.map((node) => node.name + since(node.lastSeen))])
  rows.push(['no gateway', withoutGateway.map((node) => node.name)])
  rows.push(['offline', nodes.map((node) => node.name + since(node.lastSeen))])
  rows.push(['links down', downLinks.map(({ between: [a, b] }) => `${a.name} - ${b.name}`)])
  const found = rows.filter(([, names]) => names.length > 0)
  if (found.length === 0) return []
  const width = Math.max(40, options.width - 28)
  const lines = found.flatMap(([title, names]) => {
    const head = `  ${title.padEnd(17)}${count(names.length).padStart(5)}  `
    return wrapped(names.map(printable), top, width).map(
      (line, i) => (i === 0 ? head : ' '.repeat(26)) + line,
    )
  })
  return [style.bold('Broken now'), ...lines]
}

/** The first names, with commas, over as many lines as they need. */
function wrapped(names: readonly string[], top: number, width: number): string[] {
  const lines = ['']
  const shown = names.slice(0, top)
  if (names.length > top) shown.push(`and ${count(names.length - top)} more`)
  shown.forEach((name, i) => {
    const comma = i < shown.length - 1 && i !== top - 1 ? ',' : ''
    const line = lines.at(-1) ?? ''
    if (line !== '' && line.length + name.length + 2 > width) lines.push(name + comma)
    else lines[lines.length - 1] = line === '' ? name + comma : `${line} ${name}${comma}`
  })
  return lines
}

function weakNodes({ articulationPoints: points }: InspectReport, options: TextOptions): string[] {
  const title = options.style.bold('Nodes that must not fail')
  if (points.length === 0) return [title, '  None: no single node cuts others off.']
  const columns: Column[] = [NAME, { title: 'cuts off', align: 'right' }, { title: 'namely', fill: true }]
  const rows = points.slice(0, options.top).map(({ name, cutOff }) => {
    return [printable(name), count(cutOff.length), namely(cutOff)]
  })
  return [
    `${title} (${plural(points.length, 'articulation point')})`,
    ...lined(columns, rows, points.length, options),
  ]
}

function weakLinks({ bridges }: InspectReport, options: TextOptions): string[] {
  const title = options.style.bold('Links that must not fail')
  if (bridges.length === 0) return [title, '  None: no single link cuts anything off.']
  const columns: Column[] = [
    { ...NAME, title: 'between' },
    { ...NAME, title: 'and' },
    { title: 'cuts off', align: 'right' },
    { title: 'namely', fill: true },
  ]
  const rows = bridges.slice(0, options.top).map(({ between, cutOff }) => {
    return [printable(between[0].name), printable(between[1].name), count(cutOff.length), namely(cutOff)]
  })
  const leaves = bridges.filter(({ cutOff }) => cutOff.length === 1).length
  const summary = leaves === 0 ? '' : `; ${count(leaves)} of them cut off a single node`
  return [
    `${title} (${plural(bridges.length, 'bridge')}${summary})`,
    ...lined(columns, rows, bridges.length, options),
  ]
}

function utc(iso: string): string {
  return iso.replace('T', ' ').replace(/\.\d+Z$/, ' UTC')
}
