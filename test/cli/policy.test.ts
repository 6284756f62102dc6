// The rule: a person sees where a policy is wrong, and which policies say what of a request.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DEFAULT_POLICY } from '../../src/security/index.ts'
import { meshswarm as program } from './harness.ts'

let directory = ''
let file = ''
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'meshswarm-policy-'))
  file = join(directory, 'mesh.cedar')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

const explain = (...argv: readonly string[]) =>
  program(['policy', 'explain', '--agent', 'executor-1', '--node', 'n1', ...argv])

test('check says that the default policy is sound', async () => {
  expect(await program(['policy', 'check', DEFAULT_POLICY])).toEqual({
    code: 0,
    out: 'sound: 7 policies\n',
    err: '',
  })
})

test('check names file, line and column of each problem, exit code 2', async () => {
  writeFileSync(file, 'permit (principal, action, resource)\nwhen { context.mood == "good" };\n')
  writeFileSync(join(directory, 'other.cedar'), 'permit\n')
  const { code, out, err } = await program(['policy', 'check', directory])
  expect(code).toBe(2)
  expect(out.split('\n')[0]).toMatch(/mesh\.cedar:2:8: attribute `mood`/)
  expect(out.split('\n')[1]).toMatch(/other\.cedar:\d+:\d+: unexpected/)
  expect(err).toContain('INVALID_CONFIGURATION')
  const { problems } = JSON.parse((await program(['policy', 'check', file, '--json'])).out)
  expect(problems).toMatchObject([{ file, line: 2, column: 8 }])
})

test('explain says what each policy says, and what comes of it', async () => {
  const { code, out } = await explain('--action', 'drop-interface')
  expect(code).toBe(0)
  expect(out).toMatch(/^permits +repair +\S+default\.cedar:\d+ +Agents repair nodes/m)
  expect(out).toMatch(/^- +dangerous-with-two /m)
  expect(out).toMatch(/\nallowed: Agents repair nodes.*\n$/)
})

test('explain takes the circumstances', async () => {
  const night = ['--at', '2026-11-28T03:00Z', '--tier', '3', '--approved-by', 'ann', 'bob']
  expect((await explain('--action', 'drop-interface', ...night)).out).toContain('\nallowed: ')
  expect((await explain('--action', 'drop-interface', ...night.with(1, '2026-11-28T12:00Z'))).out).toMatch(
    /^forbids +dangerous-at-night/m,
  )
  expect((await explain('--action', 'restart-daemon', '--written', '51', '--nodes', '1000')).out).toMatch(
    /\ndenied: No more nodes than the budget/,
  )
  expect((await explain('--action', 'restart-daemon', '--mode', 'advise')).out).toContain(
    '\ndenied: No policy',
  )
  const mint = ['--action', 'mint', '--group', 'executor', '--lifetime']
  expect(JSON.parse((await explain(...mint, '86400', '--json')).out)).toMatchObject({ allowed: true })
  expect(JSON.parse((await explain(...mint, '86401', '--json')).out)).toMatchObject({ allowed: false })
  writeFileSync(file, '@id("roofs") permit (principal, action, resource in Region::"roofs");')
  const own = ['--action', 'restart-daemon', '--policy', file]
  expect((await explain(...own, '--region', 'roofs')).out).toMatch(
    /^permits +roofs .*\nallowed: Policy roofs\.\n$/,
  )
  expect((await explain(...own)).out).toContain('denied')
})

test('explain refuses what does not exist', async () => {
  expect((await explain('--action', 'fly')).code).toBe(2)
  expect((await explain('--action', 'mint', '--policy', file)).err).toContain('Cannot read the policy')
})
