import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseLine } from '../../../src/mesh/drivers/babel/index.ts'
import { LineSplitter } from '../../../src/mesh/drivers/babel/lines.ts'
import { NodeTable } from '../../../src/mesh/drivers/babel/node-table.ts'

const fixture = (name: string) =>
  readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')
    .trim()
    .split('\n')

describe('the parser of the control socket', () => {
  it('understands every line that a real babeld 1.12.1 said', () => {
    const lines = ['dump.txt', 'flush-and-readd.txt', 'refusals.txt'].flatMap(fixture)
    expect(lines.length).toBeGreaterThan(50)
    const parsed = lines.map(parseLine)
    expect(parsed.filter((line) => line.kind === 'unknown')).toEqual([])
    const extras = parsed.flatMap((line) => (line.kind === 'event' ? Object.keys(line.object.extra) : []))
    expect(extras).toEqual([])
  })

  it('reads a neighbour with its reach as bits and its costs as numbers', () => {
    const line =
      'change neighbour 5612 address fe80::1 if l1 reach fff8 ureach 0000 rxcost 96 txcost 256 rtt 12.345 rttcost 3 cost 200'
    expect(parseLine(line)).toEqual({
      kind: 'event',
      verb: 'change',
      object: {
        ...{ type: 'neighbour', id: '5612', address: 'fe80::1', iface: 'l1', reach: 0xfff8, ureach: 0 },
        ...{ rxcost: 96, txcost: 256, cost: 200, rtt: 12.345, extra: { rttcost: '3' } },
      },
    })
  })

  it('keeps fields and lines of other versions aside', () => {
    const route =
      'add route 1 prefix fd00::1/128 from ::/0 installed yes id 01:02 metric 96 refmetric 0 via fe80::1 if l1 age 7'
    expect(parseLine(route)).toMatchObject({ kind: 'event', object: { extra: { age: '7' } } })
    expect(parseLine('add filter 12 in use')).toEqual({ kind: 'unknown', line: 'add filter 12 in use' })
    expect(parseLine('add route 1 prefix fd00::1/128')).toMatchObject({ kind: 'unknown' })
    expect(parseLine('no')).toEqual({ kind: 'no', message: '' })
    expect(parseLine('no No such interface')).toEqual({ kind: 'no', message: 'No such interface' })
  })

  it('never throws, whatever the line', () => {
    const words = fc.constantFrom(
      ...[
        'add',
        'change',
        'flush',
        'route',
        'neighbour',
        'interface',
        'xroute',
        'id',
        'prefix',
        'metric',
        'if',
      ],
      ...['via', 'cost', 'reach', 'ok', 'no', 'bad', '', '65535', 'zz', '__proto__', 'constructor', '\0'],
    )
    const line = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(words, { maxLength: 40 }).map((w) => w.join(' ')),
    )
    fc.assert(
      fc.property(line, (text) => {
        expect(typeof parseLine(text).kind).toBe('string')
        new NodeTable().apply(text)
      }),
      { numRuns: 2000 },
    )
  })

  it('takes a truncated line for what is left of it, or for unknown', () => {
    for (const line of ['dump.txt', 'flush-and-readd.txt'].flatMap(fixture)) {
      for (let end = 0; end < line.length; end++) parseLine(line.slice(0, end))
    }
  })

  it('cuts a stream into the same lines wherever the chunks end, and survives a line without an end', () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array))
    fc.assert(
      fc.property(bytes, fc.array(fc.nat(300), { maxLength: 5 }), (buffer, cuts) => {
        const whole: string[] = []
        const parts: string[] = []
        new LineSplitter((line) => whole.push(line)).push(buffer)
        const splitter = new LineSplitter((line) => parts.push(line))
        let from = 0
        for (const cut of [...cuts, buffer.length].sort((a, b) => a - b)) {
          splitter.push(buffer.subarray(from, cut))
          from = Math.min(cut, buffer.length)
        }
        expect(parts).toEqual(whole)
      }),
    )
    const lines: string[] = []
    const splitter = new LineSplitter((line) => lines.push(line))
    for (let i = 0; i < 50; i++) splitter.push('x'.repeat(10_000))
    splitter.push('y\nok\n')
    expect(lines.at(-1)).toBe('ok')
    expect(lines.length).toBe(2)
    expect(parseLine(lines[0] ?? '')).toMatchObject({ kind: 'unknown' })
  })
})

describe('the table of a node', () => {
  it('is the fold of what a real babeld streamed, the flushed interface and its old neighbour included', () => {
    const table = new NodeTable()
    for (const line of fixture('flush-and-readd.txt')) table.apply(line)
    expect([...table.interfaces.values()]).toMatchObject([{ name: 'l1', up: true }])
    const costs = [...table.neighbours.values()].map(({ address, rxcost }) => [address, rxcost])
    expect(costs).toContainEqual(['fe80::b411:eff:febf:cb51', 500])
    const prefixes = new Set([...table.routes()].map(({ prefix }) => prefix))
    expect(prefixes).toEqual(new Set(['10.77.0.2/32', 'fd00:77::2/128']))
  })

  it('takes a repeated update for no change', () => {
    const table = new NodeTable()
    const rest =
      'route 1 prefix fd00::1/128 from ::/0 installed yes id 01:02 metric 96 refmetric 0 via fe80::1 if l1'
    expect(table.apply(`add ${rest}`)).toMatchObject({ kind: 'route', before: undefined })
    expect(table.apply(`change ${rest}`)).toEqual({ kind: 'none' })
    expect(table.apply(`change ${rest.replace('96', '97')}`)).toMatchObject({
      kind: 'route',
      before: { metric: 96 },
      after: { metric: 97 },
    })
    expect(table.apply(`flush ${rest}`)).toMatchObject({ kind: 'route', after: undefined })
    expect([...table.routes()]).toEqual([])
  })
})
