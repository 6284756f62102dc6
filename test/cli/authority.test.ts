// The rule: a person makes the root once, sees in words what is granted before and after it is, and ends it by its id.
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { nodeId, VirtualClock } from '../../src/core/index.ts'
import {
  BiscuitEngine,
  keyPair,
  readRevocations,
  readRootPublicKey,
  seedOf,
  TokenJudge,
} from '../../src/security/index.ts'
import { meshswarm, type RunOptions } from './harness.ts'

const HOLDER = keyPair(new Uint8Array(32).fill(1)).publicKey
const GRANT = ['grant', 'monitor-7', '--holder', HOLDER, '--may', 'probe', '--nodes', '12,13,40'].concat(
  '--group',
  'executor',
)
let directory = ''
beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'meshswarm-authority-')), 'authority')
})
afterEach(() => rmSync(join(directory, '..'), { recursive: true, force: true }))

const run = (argv: readonly string[], options?: RunOptions) =>
  meshswarm([...argv, '--authority', directory], options)

async function judge(token: string, node: string): Promise<string> {
  const clock = new VirtualClock({ startAt: Date.UTC(2020, 5, 1) })
  const engine = new BiscuitEngine({ clock })
  try {
    const root = readRootPublicKey(directory)
    const revoked = readRevocations(directory, root)
    const ask = { action: 'probe', node: nodeId(node), regions: [], tier: 0, epoch: 0 } as const
    const decision = await new TokenJudge({ engine, clock, root }, { revoked }).judge(
      token,
      ask,
      new AbortController().signal,
    )
    return decision.allowed ? 'allowed' : decision.reason
  } finally {
    await engine.close()
  }
}

test('init makes the root, a second one is refused, show says its public key', async () => {
  const made = await run(['authority', 'init', '--json'])
  const { publicKey } = JSON.parse(made.out)
  expect(made.code).toBe(0)
  expect(readFileSync(join(directory, 'root.pub'), 'utf8').trim()).toBe(publicKey)
  expect(await run(['authority', 'init'])).toMatchObject({
    code: 1,
    err: expect.stringContaining('CONFLICT'),
  })
  expect((await run(['authority', 'show'])).out).toBe(`${publicKey}, no capabilities revoked\n`)
  expect(JSON.parse((await run(['authority', 'show', '--json'])).out)).toEqual({ publicKey, revoked: [] })
})

test('grant says in words what it gives, and revoke ends it', async () => {
  await run(['authority', 'init'])
  const granted = await run([...GRANT, '--json'])
  const { words, token, id } = JSON.parse(granted.out)
  expect(words).toBe('agent monitor-7 may probe nodes 12, 13, 40 until 01:00 UTC, 60 times a minute')
  expect([await judge(token, '12'), await judge(token, '99')]).toEqual(['allowed', 'node'])
  expect(JSON.parse((await run(['revoke', id, '--dry-run', '--json'])).out)).toEqual({ id, revoked: false })
  expect(await judge(token, '12')).toBe('allowed')
  for (const _ of [1, 2]) expect((await run(['revoke', id])).code).toBe(0)
  expect(await judge(token, '12')).toBe('revoked')
  expect((await run(['authority', 'show'])).out).toContain('1 capability revoked')
  expect(await run(['revoke', 'everything'])).toMatchObject({ code: 2 })
})

test('only the root revokes, and a list that was tampered with is refused by all who read it', async () => {
  const id = 'ab'.repeat(64)
  expect(await run(['revoke', id])).toMatchObject({ code: 2, err: expect.stringContaining('root.key') })
  expect(existsSync(directory)).toBe(false)
  await run(['authority', 'init'])
  expect((await run(['revoke', id])).code).toBe(0)
  const other = { rootKey: seedOf(keyPair()).toString('hex') }
  for (const argv of [['revoke', id], GRANT])
    expect(await run(argv, other)).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('root.pub'),
    })
  appendFileSync(join(directory, 'revoked'), `${'cd'.repeat(64)}\n`)
  for (const argv of [
    ['authority', 'show'],
    ['revoke', id],
  ])
    expect(await run(argv)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('line 2') })
})

test('every limit of a grant is in its words', async () => {
  const limits = ['--regions', 'north', '--minutes', '90', '--per-minute', '6', '--epoch', '3']
  const writes = ['--max-nodes', '5', '--window', '20', '--max-tier', '2', '--dry-run']
  const { out } = await run([...GRANT.with(5, 'drop-interface').with(7, 'all'), ...limits, ...writes])
  expect(out).toBe(
    'agent monitor-7 may drop-interface every node in north until 01:30 UTC, 6 times a minute, ' +
      '5 different nodes in 20 minutes, risk tier 2 at most\n',
  )
})

test('a dry run needs no root, and leaves nothing', async () => {
  const { code, out } = await run([...GRANT, '--dry-run', '--json'])
  expect([code, Object.keys(JSON.parse(out))]).toEqual([0, ['words']])
  expect(existsSync(directory)).toBe(false)
})

test('the root comes from the environment where it is there; a file that others may read is refused', async () => {
  const root = keyPair()
  const rootKey = seedOf(root).toString('hex')
  expect((await run(GRANT, { rootKey })).out).toContain('token: ')
  await run(['authority', 'init'])
  chmodSync(join(directory, 'root.key'), 0o644)
  expect(await run(GRANT)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('0644') })
})

test('what is no action, no key and no node is refused', async () => {
  await run(['authority', 'init'])
  for (const bad of [GRANT.with(5, 'halt'), GRANT.with(3, 'mine'), GRANT.with(7, ',')])
    expect(await run(bad)).toMatchObject({ code: 2, out: '' })
})

describe('the policy is asked before the root signs', () => {
  const NO_GROUP = GRANT.slice(0, -2)
  const POLICY = `
    @why("Monitors look, and nothing else.")
    permit (principal in Group::"monitor", action == Action::"mint", resource in Region::"north")
    when { context has lifetime && context.lifetime <= duration("2h") && context.tier == 0 && context.nodesWritten <= 1 };
    @why("Node 13 is off limits.")
    forbid (principal, action, resource == Node::"13");`
  const file = () => join(directory, '..', 'own.cedar')
  const denied = (words: string) => ({ code: 1, out: '', err: expect.stringContaining(words) })

  beforeEach(async () => {
    await run(['authority', 'init'])
    writeFileSync(file(), POLICY)
  })

  test('and denies what it does not permit, in its own words, in a dry run as well', async () => {
    for (const dry of [[], ['--dry-run']]) {
      expect(await run([...NO_GROUP, ...dry])).toMatchObject(denied('for node 12: No policy permits it.'))
      expect(await run([...GRANT, '--max-tier', '3', ...dry])).toMatchObject(denied('No policy permits it.'))
    }
    expect(await run([...GRANT, '--minutes', '1441'])).toMatchObject(denied('ACTION_DENIED'))
    expect(await run(GRANT.with(7, 'all').slice(0, -2))).toMatchObject(denied('for every node'))
    const { err } = await run([...NO_GROUP, '--json'])
    expect(JSON.parse(err).error.details).toEqual({ reason: 'policy', node: '12', policies: [] })
  })

  test('each node of the grant, in the regions that it is for', async () => {
    const own = ['--policy', file(), '--group', 'monitor']
    const north = ['--regions', 'north', ...own]
    expect(await run([...NO_GROUP, ...north])).toMatchObject(denied('for node 13: Node 13 is off limits.'))
    const allowed = NO_GROUP.with(7, '12,40')
    expect((await run([...allowed, ...north])).out).toContain('token: ')
    expect(await run([...allowed, ...own])).toMatchObject(denied('for node 12: No policy permits it.'))
    for (const more of [
      ['--minutes', '121'],
      ['--max-tier', '1'],
      ['--max-nodes', '2'],
    ])
      expect(await run([...allowed, ...north, ...more])).toMatchObject(denied('No policy permits it.'))
  })

  test('and where it is not sound nothing is granted', async () => {
    writeFileSync(file(), 'permit (everything);')
    const own = [...GRANT, '--policy', file()]
    expect(await run(own)).toMatchObject({ code: 2, out: '', err: expect.stringContaining('own.cedar:1') })
    expect(await run([...GRANT, '--policy', join(directory, 'nowhere')])).toMatchObject({ code: 2, out: '' })
  })
})
