// The rule: a person reads what a plan does, signs exactly that, once and in time, with a key that nobody else can read;
// the plan has as many approvals as persons have signed.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { nodeId, VirtualClock } from '../../src/core/index.ts'
import type { MeshAction } from '../../src/mesh/index.ts'
import {
  approvalRequest,
  BiscuitEngine,
  keyPair,
  type PublicKey,
  publicKey,
  readApprovalRequest,
  readRootPublicKey,
  writeApprovalRequest,
} from '../../src/security/index.ts'
import { meshswarm, type RunOptions } from './harness.ts'

const HOLDER = keyPair(new Uint8Array(32).fill(1)).publicKey
const NOW = Date.UTC(2020, 5, 1)
const UNTIL = NOW + 15 * 60_000
const ACTIONS: readonly MeshAction[] = [
  { kind: 'drop-interface', node: nodeId('12'), iface: 'wlan0', rxcost: 256 },
  { kind: 'restart-daemon', node: nodeId('13') },
]
let directory = ''
let file = ''
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-approve-'))
  file = join(directory, 'plan.json')
  await run(['authority', 'init', ...authority()])
  const may = ['--may', 'drop-interface,restart-daemon', '--nodes', '12,13', '--max-tier', '2']
  const group = ['--group', 'executor']
  const granted = await run(['grant', 'lead', '--holder', HOLDER, ...may, ...group, '--json', ...authority()])
  const { token } = JSON.parse(granted.out)
  writeApprovalRequest(file, approvalRequest({ token, actions: ACTIONS, until: UNTIL, reason: 'it floods' }))
  // Who approves has the public half only.
  rmSync(join(directory, 'authority', 'root.key'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const authority = () => ['--authority', join(directory, 'authority')]
const keyFile = (name: string) => join(directory, 'keys', name)
const run = (argv: readonly string[], options?: RunOptions) => meshswarm(argv, options)
const approve = (...argv: readonly string[]) => run(['approve', file, ...authority(), ...argv])

async function person(name: string): Promise<PublicKey> {
  return publicKey(JSON.parse((await run(['authority', 'key', keyFile(name), '--json'])).out).publicKey)
}

/** What the node says that the action is for. */
async function decision(approvers: readonly PublicKey[]) {
  const clock = new VirtualClock({ startAt: NOW })
  await using engine = new BiscuitEngine({ clock })
  const { token, plan } = readApprovalRequest(file)
  const ask = { action: 'drop-interface', node: nodeId('12'), regions: [], tier: 2, epoch: 0 } as const
  const answer = await engine.authorise(
    token,
    readRootPublicKey(join(directory, 'authority')),
    { ...ask, approvals: { plan, approvers, least: 2 } },
    NOW,
    new AbortController().signal,
  )
  return answer.allowed ? answer.approvers : answer.reason
}

test("a person's key is made once, for nobody else to read, and its public half can be seen again", async () => {
  const made = await run(['authority', 'key', keyFile('ann')])
  expect(made.out).toMatch(/^ed25519\/[0-9a-f]{64}; keep .*ann to yourself\n$/)
  expect(statSync(keyFile('ann')).mode & 0o777).toBe(0o600)
  const again = await run(['authority', 'key', keyFile('ann')])
  expect(made.out.startsWith(again.out.trim())).toBe(true)
  chmodSync(keyFile('ann'), 0o640)
  expect(await run(['authority', 'key', keyFile('ann')])).toMatchObject({ code: 2, out: '' })
  expect(await approve('--key', keyFile('ann'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('0640'),
  })
})

test('two persons approve, one after the other, and the node allows it', async () => {
  const approvers = [await person('ann'), await person('bob')]
  expect(await decision(approvers)).toBe('approvals')
  const first = await approve('--key', keyFile('ann'))
  expect(first.out.split('\n')).toEqual([
    'agent lead asks to do this until 2020-06-01 00:15:00 UTC, on nodes 12, 13:',
    '  1. take 12/wlan0 out of routing, its receive cost being 256',
    '  2. restart the routing daemon on 13',
    'it says why: it floods',
    `plan ${readApprovalRequest(file).plan}`,
    `approved by ${approvers[0]}`,
    '',
  ])
  expect(await decision(approvers)).toBe('approvals')
  const second = JSON.parse((await approve('--key', keyFile('bob'), '--json')).out)
  expect(second).toMatchObject({
    agent: 'lead',
    nodes: ['12', '13'],
    until: UNTIL,
    approvedBy: approvers,
    dryRun: false,
  })
  expect(new Set(await decision(approvers))).toEqual(new Set(approvers))
})

test('a dry run shows it and signs nothing; it needs no key', async () => {
  const before = readFileSync(file, 'utf8')
  await person('ann')
  for (const key of [[], ['--key', keyFile('ann')]]) {
    const { code, out } = await approve('--dry-run', ...key)
    expect([code, out]).toEqual([0, expect.stringMatching(/out of routing[\s\S]*approved by nobody yet\n$/)])
    expect(JSON.parse((await approve('--dry-run', '--json', ...key)).out)).toMatchObject({
      approvedBy: [],
      dryRun: true,
    })
  }
  expect(readFileSync(file, 'utf8')).toBe(before)
  expect(await approve()).toMatchObject({ code: 2, out: '', err: expect.stringContaining('--key') })
})

test('the same person twice, or too late, is refused, and the file stays as it was', async () => {
  await person('ann')
  await approve('--key', keyFile('ann'))
  const before = readFileSync(file, 'utf8')
  for (const dry of [[], ['--dry-run']])
    expect(await approve('--key', keyFile('ann'), ...dry)).toMatchObject({
      code: 1,
      out: '',
      err: expect.stringContaining('CONFLICT'),
    })
  await person('bob')
  const late = { clock: new VirtualClock({ startAt: UNTIL }) }
  const { code, out, err } = await run(['approve', file, ...authority(), '--key', keyFile('bob')], late)
  expect([code, out, err]).toEqual([1, '', expect.stringMatching(/CONFLICT.*ended at 2020-06-01 00:15 UTC/)])
  expect(readFileSync(file, 'utf8')).toBe(before)
  expect(existsSync(`${file}.new`)).toBe(false)
})

test('what was changed under the words, or is of another root, is refused', async () => {
  await person('ann')
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace('"node": "13"', '"node": "14"'))
  expect(await approve('--key', keyFile('ann'))).toMatchObject({
    code: 2,
    out: '',
    err: expect.stringContaining('changed'),
  })
  writeFileSync(file, text)
  writeFileSync(join(directory, 'authority', 'root.pub'), `${HOLDER}\n`)
  expect(await approve('--key', keyFile('ann'))).toMatchObject({ code: 2, out: '' })
  expect(readFileSync(file, 'utf8')).toBe(text)
})

test('no key, and no request, are refused', async () => {
  expect(await approve('--key', keyFile('nobody'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('authority key'),
  })
  await person('ann')
  rmSync(file)
  expect(await approve('--key', keyFile('ann'))).toMatchObject({
    code: 2,
    err: expect.stringContaining('plan.json'),
  })
})
