// The rule: what nodes, daemons and files call themselves can neither steer the terminal nor look like a line of ours.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { storyLine } from '../../src/cli/index.ts'
import { agentId, changeId, incidentId, nodeId, VirtualClock } from '../../src/core/index.ts'
import type { HealEvent } from '../../src/mapek/index.ts'
import { FileJournal } from '../../src/store/index.ts'
import { meshswarm } from './harness.ts'

/** Clears the screen, begins a line that looks like ours, turns the rest around. */
const NAME = 'n7\u001b[2J\u009b1m\r\n11:00:00.00  incident-9  HEALED    \u202eyrt\u200b'
const STEERS = /[\p{Cc}\p{Cf}]/u

const incident = incidentId('incident-1')
const action = { kind: 'restart-daemon', node: nodeId(NAME) } as const
const EVENTS: readonly HealEvent[] = [
  { kind: 'run-started', mesh: NAME, source: 'measured', mode: 'heal', agents: 1, nodes: 1 },
  {
    kind: 'incident-opened',
    incident,
    root: {
      kind: 'daemon',
      key: NAME,
      symptom: { kind: 'daemon-down', key: NAME, node: nodeId(NAME), state: 'dead', onset: 0 },
    },
    symptoms: [],
    onset: 0,
    title: `${NAME}: routing daemon is dead`,
  },
  { kind: 'evidence', incident, agent: agentId(NAME), text: NAME },
  { kind: 'planned', incident, remedies: [], rejected: [NAME] },
  {
    kind: 'action-applied',
    incident,
    agent: agentId('executor-1'),
    change: changeId('c1'),
    action,
    text: `restart the routing daemon on ${NAME}`,
    confirmBy: 1,
  },
  {
    kind: 'action-failed',
    incident,
    agent: undefined,
    action,
    code: 'DAEMON_UNAVAILABLE',
    text: `no ${NAME}`,
  },
  { kind: 'verified', incident, helped: false, text: NAME, tookMs: 1 },
  { kind: 'rolled-back', incident, change: changeId('c1'), text: NAME },
  { kind: 'monitor-trouble', text: NAME },
  {
    kind: 'incident-closed',
    incident,
    outcome: 'escalated',
    text: NAME,
    detectedAfterMs: 1,
    closedAfterMs: 2,
  },
]

let directory = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-names-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

test('in the lines of a running repair', () => {
  for (const [seq, event] of EVENTS.entries()) {
    const line = storyLine({ ...event, at: 0, seq })
    if (line !== undefined) expect(line).not.toMatch(STEERS)
  }
})

test('in explain, in its list and as JSON', async () => {
  const journal = new FileJournal<HealEvent>({ clock: new VirtualClock() }, { directory })
  for (const event of EVENTS) await journal.append(event)
  await journal.close()
  const explain = (...argv: readonly string[]) => meshswarm(['explain', ...argv, '--journal', directory])
  for (const argv of [[], ['incident-1'], ['--json'], ['incident-1', '--json']]) {
    const { code, out } = await explain(...argv)
    expect(code).toBe(0)
    expect(out).toContain('n7')
    for (const line of out.split('\n')) {
      expect(line).not.toMatch(STEERS)
      expect(line).not.toMatch(/^11:00/)
    }
  }
  const [listed] = JSON.parse((await explain('--json')).out)
  expect(listed.title).toBe(`${NAME}: routing daemon is dead`)
})

test('in what a conversion says, and in errors', async () => {
  const mesh = join(directory, 'a\u202eb.json')
  writeFileSync(mesh, '{"type":"NetworkGraph","nodes":[{"id":"n1"}],"links":[]}')
  const { out } = await meshswarm([
    'convert',
    mesh,
    '--to',
    'gml',
    '--out',
    join(directory, 'c\u001b[1m.gml'),
  ])
  expect(out.trimEnd()).not.toMatch(STEERS)
  for (const json of [[], ['--json']]) {
    const { err } = await meshswarm(['inspect', 'x\u202e\u009b', ...json])
    expect(err).toContain('Cannot read x')
    for (const line of err.split('\n')) expect(line).not.toMatch(STEERS)
  }
})
