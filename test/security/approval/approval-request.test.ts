// The rule: what a person reads is what they sign, all of it; a file of requests is whole or refused, and no approval is lost.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeId } from '../../../src/core/index.ts'
import { ACTION_KINDS, type MeshAction } from '../../../src/mesh/index.ts'
import {
  approvalRequest,
  keyPair,
  openApprovalRequest,
  planHash,
  readApprovalRequest,
  replaceApprovalRequest,
  writeApprovalRequest,
} from '../../../src/security/index.ts'

const [a, b] = [nodeId('12'), nodeId('13')]
const ACTIONS: readonly MeshAction[] = [
  { kind: 'restart-daemon', node: a, rxcost: 1000 },
  { kind: 'restart-daemon', node: a },
  { kind: 'resume-daemon', node: b },
  { kind: 'renew-routes', node: a },
  { kind: 'set-link-cost', node: a, iface: 'wlan0', rxcost: 512, previous: 256 },
  { kind: 'drop-interface', node: a, iface: 'wlan0', rxcost: 256 },
  { kind: 'add-interface', node: b, iface: 'wlan0', rxcost: 65534 },
  { kind: 'set-interface-up', node: a, iface: 'wlan0', up: true },
  { kind: 'set-interface-mtu', node: a, iface: 'wlan0', mtu: 1500, previous: 1280 },
  { kind: 'set-forwarding', node: a, enabled: true },
  { kind: 'withdraw-prefix', node: a, prefix: 'fd00::1/128' },
  { kind: 'announce-prefix', node: a, prefix: '10.0.0.0/24' },
]
const request = approvalRequest({ token: 'abc', actions: ACTIONS, until: 1000.5, reason: 'it burns' })
const code = (name: string) => expect.objectContaining({ code: name })

test('a request has hash, nodes and words of its actions, of every kind, over JSON as well', () => {
  expect(new Set(ACTIONS.map(({ kind }) => kind))).toEqual(new Set(ACTION_KINDS))
  expect(request).toMatchObject({ plan: planHash(ACTIONS), nodes: [a, b], until: 1000, approvedBy: [] })
  expect(openApprovalRequest(JSON.parse(JSON.stringify(request)))).toEqual(request)
})

test('no two actions that do something else have the same words', () => {
  const pairs: readonly (readonly [MeshAction, MeshAction])[] = [
    [ACTIONS[0] as MeshAction, { kind: 'restart-daemon', node: a, rxcost: 1001 }],
    [ACTIONS[5] as MeshAction, { kind: 'drop-interface', node: a, iface: 'wlan0', rxcost: 257 }],
    [ACTIONS[6] as MeshAction, { kind: 'add-interface', node: b, iface: 'wlan0', rxcost: 1 }],
    [ACTIONS[7] as MeshAction, { kind: 'set-interface-up', node: a, iface: 'wlan0', up: false }],
    [ACTIONS[9] as MeshAction, { kind: 'set-forwarding', node: a, enabled: false }],
  ]
  for (const [one, other] of pairs) {
    const [words, others] = [one, other].map(
      (action) => approvalRequest({ ...request, actions: [action] }).words,
    )
    expect(words).not.toEqual(others)
  }
  expect(new Set(request.words).size).toBe(ACTIONS.length)
})

describe('refused is', () => {
  const [first] = ACTIONS
  test.each<[string, object]>([
    ['a hash of other actions', { plan: planHash(ACTIONS.slice(1)) }],
    ['another action under the hash', { actions: [...ACTIONS.slice(1), { ...first, rxcost: 1 }] }],
    ['a node more', { nodes: [a, b, nodeId('14')] }],
    ['a node less', { nodes: [a] }],
    ['harmless words', { words: request.words.map(() => 'look at 12') }],
    ['something in an action that is not shown', { actions: [{ ...first, also: 1 }] }],
    ['no action', { actions: [] }],
    ['an action that there is not', { actions: [{ kind: 'halt', node: a }] }],
    ['a node whose name cannot be seen', { actions: [{ ...first, node: '12\u202e' }] }],
    ['no reason', { reason: '' }],
    ['no time', { until: Number.NaN }],
    ['another version', { version: 2 }],
    ['something more', { approved: true }],
    ['an approver that is no key', { approvedBy: ['me'] }],
    ['a token that is none', { token: 'a b' }],
  ])('%s', (_, part) => {
    expect(() => openApprovalRequest({ ...request, ...part })).toThrow(code('INVALID_INPUT'))
  })
})

describe('the file', () => {
  let directory = ''
  let file = ''
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'meshswarm-approval-'))
    file = join(directory, 'plan.json')
  })
  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  test('is for its owner, and is not written over', () => {
    writeApprovalRequest(file, request)
    expect(readApprovalRequest(file)).toEqual(request)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(() => writeApprovalRequest(file, { ...request, token: 'def' })).toThrow(code('CONFLICT'))
    expect(readApprovalRequest(file)).toEqual(request)
    expect(readdirSync(directory)).toEqual(['plan.json'])
  })

  test('takes the place of the one that was read, and of no other', () => {
    writeApprovalRequest(file, request)
    const mine = { ...request, token: 'mine', approvedBy: [keyPair().publicKey] }
    replaceApprovalRequest(file, request, mine)
    expect(readApprovalRequest(file)).toEqual(mine)
    expect(() => replaceApprovalRequest(file, request, { ...request, token: 'late' })).toThrow(
      code('CONFLICT'),
    )
    expect(readApprovalRequest(file)).toEqual(mine)
    expect(readdirSync(directory)).toEqual(['plan.json'])
  })

  test('is left alone while somebody else writes it', () => {
    writeApprovalRequest(file, request)
    writeFileSync(`${file}.new`, 'half')
    expect(() => replaceApprovalRequest(file, request, { ...request, token: 'x' })).toThrow(code('CONFLICT'))
    expect(() => writeApprovalRequest(file, request)).toThrow('plan.json.new')
    expect([readApprovalRequest(file), readFileSync(`${file}.new`, 'utf8')]).toEqual([request, 'half'])
  })

  test('that is missing, no JSON, or changed is refused by its name', () => {
    const refused = expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringContaining(file) })
    expect(() => readApprovalRequest(file)).toThrow(refused)
    for (const text of ['', '{', JSON.stringify({ ...request, plan: 'ab'.repeat(32) })]) {
      writeFileSync(file, text)
      expect(() => readApprovalRequest(file)).toThrow(refused)
    }
    expect(existsSync(`${file}.new`)).toBe(false)
  })
})
