import type { GatewayReport } from './inspect-gateways.ts'
import { lined, NAME, namely, type TextOptions } from './inspect-lines.ts'
import type { Direction } from './inspect-links.ts'
import type { InspectReport } from './inspect-report.ts'
import type { Cell, Column } from './table.ts'
import { count, plural, printable, type Style } from './text.ts'

export function gatewayLines({ gateways: all }: InspectReport, options: TextOptions): string[] {
  const title = options.style.bold('Gateways')
  if (all.length === 0) return [title, '  The file marks none.']
  const columns: Column[] = [
    { ...NAME, title: 'gateway' },
    { title: 'state' },
    { title: 'links', align: 'right' },
    { title: 'nearest for', align: 'right' },
    { title: 'separate ways to others', align: 'right' },
    { title: 'if it fails', fill: true },
  ]
  const rows = all.slice(0, options.top).map((gateway): Cell[] => {
    const { name, online, links, serves, disjointPaths } = gateway
    const gone = online === false
    return [
      printable(name),
      stateCell(online, options.style),
      links === 0 ? { text: '0', paint: options.style.red } : count(links),
      gone ? '-' : count(serves),
      disjointPaths === null || gone ? '-' : count(disjointPaths),
      lossCell(gateway, options.style),
    ]
  })
  return [title, ...lined(columns, rows, all.length, options)]
}

function stateCell(online: boolean | null, style: Style): Cell {
  if (online === null) return 'unknown'
  return online ? 'online' : { text: 'offline', paint: style.red }
}

function lossCell({ online, links, loseTheirLast: lost }: GatewayReport, style: Style): Cell {
  if (online === false) return 'it has failed'
  if (links === 0) return { text: 'nothing: it has no usable link', paint: style.red }
  if (lost.length === 0) return 'every node keeps a gateway'
  return { text: `${plural(lost.length, 'node')} without a gateway: ${namely(lost)}`, paint: style.yellow }
}

export function worstLinkLines(report: InspectReport, options: TextOptions): string[] {
  const { worstLinks: links, measuredLinks, metric } = report
  const title = options.style.bold('Worst links')
  if (links.length === 0) return [title, '  The file tells no link qualities.']
  const unit = metric === 'cost' ? 'cost' : 'ETX'
  const hasTq = links.some(({ directions }) => directions.some(({ tq }) => tq !== null))
  const columns: Column[] = [
    { ...NAME, title: 'between' },
    { ...NAME, title: 'and' },
    { title: 'type' },
    { title: hasTq ? 'TQ there' : `${unit} there`, align: 'right' },
    { title: hasTq ? 'TQ back' : `${unit} back`, align: 'right' },
    { title: `worse ${unit}`, align: 'right' },
    { title: '' },
  ]
  const rows = links.map((link): Cell[] => {
    const [there, back] = link.directions
    return [
      printable(there.from.name),
      printable(back.from.name),
      printable(link.type ?? '-'),
      quality(there, hasTq),
      quality(back, hasTq),
      figure(link.worst),
      link.bridge ? { text: 'no way around', paint: options.style.yellow } : '',
    ]
  })
  const known = `${plural(measuredLinks, 'link')} of known quality`
  return [`${title} (of ${known}, by the worse direction)`, ...lined(columns, rows, rows.length, options)]
}

function quality({ tq, etx, cost }: Direction, hasTq: boolean): string {
  if (!hasTq) return figure(etx ?? cost)
  return tq === null ? '?' : `${(100 * tq).toFixed(1)} %`
}

function figure(value: number | null): string {
  if (value === null) return '?'
  return value >= 1000 ? count(Math.round(value)) : value.toFixed(2)
}
