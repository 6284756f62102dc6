import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseTopology } from '../../src/mesh/index.ts'
import { meshswarm } from './harness.ts'

const online = (id: string, more = {}) => ({
  node_id: id,
  hostname: id.toUpperCase(),
  is_online: true,
  is_gateway: false,
  clients: 1,
  lastseen: '2020-05-31T23:00:00Z',
  ...more,
})
const link = (source: string, target: string, source_tq = 1, target_tq = 1) => {
  return { source, target, source_tq, target_tq, type: 'wifi' }
}

/** g1 - a - b - c, a - g2 - g1 (so a is safe), d alone, e offline; b - c is bad. */
const MESH = {
  timestamp: '2020-05-31T23:30:00Z',
  nodes: [
    online('g1', { is_gateway: true }),
    online('g2', { is_gateway: true }),
    online('a'),
    online('b'),
    online('c', { hostname: 'evil\u001b[31m\nname' }),
    online('d'),
    online('e', { is_online: false, lastseen: '2020-05-31T20:30:00Z' }),
  ],
  links: [link('g1', 'a'), link('a', 'b'), link('b', 'c', 0.1, 0.5), link('g2', 'a'), link('g1', 'g2')],
}

let folder = ''
const file = (name: string) => join(folder, name)
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meshswarm-cli-'))
  await writeFile(file('mesh.json'), JSON.stringify(MESH))
  await writeFile(file('broken.json'), '{"nodes": [\n  {"node_id": 7}], "links": [], "timestamp": ""}')
  await writeFile(file('cut.gml'), 'graph [\n  node [ id 1 ]\n  node [')
})
afterAll(() => rm(folder, { recursive: true }))

describe('inspect says what is broken and what would hurt next', () => {
  it('as JSON, with every weak point', async () => {
    const { code, out } = await meshswarm(['inspect', file('mesh.json'), '--json'])
    const report = JSON.parse(out)
    expect(code).toBe(0)
    expect(report).toMatchObject({
      format: 'meshviewer',
      takenAt: '2020-05-31T23:30:00.000Z',
      takenAtFrom: 'file',
      ageMs: 30 * 60_000,
      nodes: { total: 7, online: 6, offline: 1, unknown: 0, gateways: 2, clients: { sum: 6, unknownOn: 0 } },
      links: { total: 5, up: 5, down: 0, unknown: 0, byType: { wifi: 5 }, parallel: 0 },
      components: { count: 2, sizes: [5, 1] },
      protection: { protected: 1, exposed: 2, without: 1 },
      trouble: {
        offline: [{ id: 'e', name: 'E', gateway: false, lastSeen: '2020-05-31T20:30:00.000Z' }],
        withoutGateway: [{ id: 'd' }],
        downLinks: [],
      },
    })
    expect(
      report.articulationPoints.map((point: { id: string; cutOff: unknown[] }) => [
        point.id,
        point.cutOff.length,
      ]),
    ).toEqual([
      ['a', 2],
      ['b', 1],
    ])
    expect(report.bridges.map((bridge: { id: string }) => bridge.id)).toEqual(['a--b', 'b--c'])
    expect(report.gateways.map((gateway: object) => ({ ...gateway, name: undefined }))).toEqual([
      { id: 'g1', online: true, links: 2, serves: 3, disjointPaths: 2, loseTheirLast: [] },
      { id: 'g2', online: true, links: 2, serves: 0, disjointPaths: 2, loseTheirLast: [] },
    ])
    expect(report.worstLinks[0]).toMatchObject({ id: 'b--c', worst: 10, bridge: true })
  })

  it('as plain text without an escape sequence, whatever the file says', async () => {
    const { out, err } = await meshswarm(['inspect', file('mesh.json')])
    expect(err).toBe('')
    expect(out).toContain('7: 6 online, 1 offline; 2 gateways; 6 clients')
    expect(out).toContain('as of 2020-05-31 23:30:00 UTC, 30 minutes ago')
    expect(out).toContain('E (3 hours)')
    expect(out).toMatch(
      /B {8}evil\ufffd\[31m\ufffdname {2}wifi {4}10\.0 % {3}50\.0 % {6}10\.00 {2}no way around/,
    )
    expect(out).not.toContain('\u001b')
    for (const line of out.split('\n')) expect(line.length).toBeLessThanOrEqual(120)
  })

  it('in colour on a terminal, within its columns', async () => {
    const { out } = await meshswarm(['inspect', file('mesh.json')], { color: true, columns: 80 })
    expect(out).toContain('\u001b[31m1 offline\u001b[39m')
  })

  it('--top sets the length of the lists and says what is left out', async () => {
    const { out } = await meshswarm(['inspect', file('mesh.json'), '--top', '1'])
    expect(out).toContain('and 1 more (--top 2 shows all)')
  })
})

describe('convert loses nothing', () => {
  for (const format of ['gml', 'netjson', 'meshviewer']) {
    it(`to ${format}, to a file and to standard output`, async () => {
      const out = file(`out.${format}`)
      const written = await meshswarm(['convert', file('mesh.json'), '--to', format, '--out', out, '--json'])
      expect(JSON.parse(written.out)).toEqual({
        from: 'meshviewer',
        to: format,
        in: file('mesh.json'),
        out,
        nodes: 7,
        links: 5,
      })
      const text = await readFile(out, 'utf8')
      expect((await meshswarm(['convert', file('mesh.json'), '--to', format])).out).toBe(text)
      const original = parseTopology(JSON.stringify(MESH), { name: 'mesh.json' })
      expect(parseTopology(text).nodes).toEqual(original.nodes)
      expect(parseTopology(text).links).toEqual(original.links)
    })
  }
})

describe('errors say what, where and what to do, and set the exit code', () => {
  it('a broken file: 2, with the path or the line', async () => {
    expect(await meshswarm(['inspect', file('broken.json')])).toEqual({
      code: 2,
      out: '',
      err:
        'error INVALID_TOPOLOGY: broken.json: nodes[0].node_id: invalid input: expected string, received number.\n' +
        '  Correct the topology file at the named place.\n',
    })
    const { err } = await meshswarm(['inspect', file('cut.gml'), '--json'])
    expect(JSON.parse(err)).toEqual({
      error: {
        code: 'INVALID_TOPOLOGY',
        message: 'cut.gml: line 3, column 9: the file ends where a key or "]" belongs.',
        details: {
          file: 'cut.gml',
          where: 'line 3, column 9',
          what: 'the file ends where a key or "]" belongs',
        },
      },
    })
  })

  it('no such file, no such option, no such command, no argument: 2', async () => {
    for (const argv of [
      ['inspect', file('none')],
      ['inspect', 'x', '--nope'],
      ['inspct'],
      ['inspect'],
      ['convert', 'x'],
    ]) {
      const { code, err, out } = await meshswarm(argv)
      expect([code, out]).toEqual([2, ''])
      expect(err).toMatch(/^error INVALID_INPUT: \S.*\n {2}See /)
    }
    expect((await meshswarm(['inspct'])).err).toContain('Did you mean inspect?')
  })

  it('stopped by the user: 130; a defect: 1 with the stack', async () => {
    const stop = new AbortController()
    stop.abort()
    const stopped = await meshswarm(['inspect', file('mesh.json')], { signal: stop.signal })
    expect(stopped).toMatchObject({ code: 130, err: 'stopped\n' })
    const broken = await meshswarm(['boom'], {
      commands: [
        (program) => void program.command('boom').action(() => Promise.reject(new TypeError('oops'))),
      ],
    })
    expect(broken.code).toBe(1)
    expect(broken.err).toMatch(/^error INVARIANT: Unexpected failure: oops\n {2}A defect/)
  })

  it('help and version are no errors', async () => {
    expect(await meshswarm(['--version'])).toEqual({ code: 0, out: '0.1.0\n', err: '' })
    for (const argv of [['--help'], [], ['inspect', '--help']]) {
      const { code, out, err } = await meshswarm(argv)
      expect([code, err]).toEqual([0, ''])
      expect(out).toContain('Usage: meshswarm')
    }
  })
})
