// The rule: bin/meshswarm.js runs the product on the user's Node where that is new enough, on npm's otherwise, and
// passes arguments, exit codes and signals through; where neither will do it says what to do.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'launcher-'))
const PROGRAM = `
const [what]: string[] = process.argv.slice(2)
if (what === 'exit') process.exit(7)
if (what === 'count') {
  let signals = 0
  process.on('SIGINT', () => {
    if (signals++ === 0) setTimeout(() => process.exit(40 + signals), 300)
  })
}
if (what === 'count' || what === 'die') setInterval(() => {}, 1000)
process.stdout.write(JSON.stringify({ node: process.versions.node, args: process.argv.slice(2) }) + '\\n')
`

/** A copy of the launcher with a program beside it, with or without the packages that npm brought. */
function install(name: string, withPackages: boolean): string {
  const home = join(folder, name)
  mkdirSync(join(home, 'lab'), { recursive: true })
  cpSync(join(ROOT, 'bin'), join(home, 'bin'), { recursive: true })
  writeFileSync(join(home, 'package.json'), '{"type":"module"}')
  writeFileSync(join(home, 'lab/main.ts'), PROGRAM)
  if (withPackages) symlinkSync(join(ROOT, 'node_modules'), join(home, 'node_modules'))
  return join(home, 'bin/meshswarm.js')
}

const launcher = install('whole', true)
const bare = install('bare', false)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A Node of this machine that is too old for the sources; undefined where there is none. */
function findOldNode(): string | undefined {
  const candidates = ['/usr/bin/node', '/usr/local/bin/node']
  return candidates.find((path) => {
    try {
      const major = Number(
        execFileSync(path, ['-p', 'process.versions.node'], { encoding: 'utf8' }).split('.')[0],
      )
      return major >= 18 && major < 24
    } catch {
      return false
    }
  })
}

interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs to the end; `onOutput` is called when the first line has come. */
function run(node: string, args: string[], onOutput?: (child: ChildProcess) => void): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    let stdout = ''
    let stderr = ''
    child.stdout.once('data', () => onOutput?.(child))
    child.stdout.on('data', (chunk) => (stdout += chunk))
    child.stderr.on('data', (chunk) => (stderr += chunk))
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }))
  })
}

const oldNode = findOldNode()
const nodes: [string, string | undefined][] = [
  ['on this Node', process.execPath],
  ['on a Node that is too old', oldNode],
]

describe.each(nodes)('%s', (_name, node) => {
  const program = (ctx: { skip(condition: boolean, note: string): void }): string => {
    ctx.skip(node === undefined, 'this machine has no Node from 18 to 23 to start the launcher with')
    return node ?? ''
  }

  test('the program gets its arguments, on Node 24 or newer', async (ctx) => {
    const { code, stdout, stderr } = await run(program(ctx), [launcher, 'show', '--json', 'a b'])
    const shown = JSON.parse(stdout) as { node: string; args: string[] }
    expect({ code, stderr, args: shown.args }).toEqual({
      code: 0,
      stderr: '',
      args: ['show', '--json', 'a b'],
    })
    expect(Number(shown.node.split('.')[0])).toBeGreaterThanOrEqual(24)
  })

  test('an exit code comes back', async (ctx) => {
    expect((await run(program(ctx), [launcher, 'exit'])).code).toBe(7)
  })

  test('Ctrl-C reaches the program exactly once, and its clean-up is waited for', async (ctx) => {
    expect((await run(program(ctx), [launcher, 'count'], (child) => child.kill('SIGINT'))).code).toBe(41)
  })

  test('a signal that kills the program kills the launcher', async (ctx) => {
    const { signal } = await run(program(ctx), [launcher, 'die'], (child) => child.kill('SIGTERM'))
    expect(signal).toBe('SIGTERM')
  })

  test('a launcher killed outright leaves nothing running', async (ctx) => {
    // `close` comes when the last process that holds the output has gone.
    const { signal } = await run(program(ctx), [launcher, 'die'], (child) => child.kill('SIGKILL'))
    expect(signal).toBe('SIGKILL')
  })
})

test('without any Node that is new enough it says what to do', async (ctx) => {
  ctx.skip(oldNode === undefined, 'this machine has no Node from 18 to 23 to start the launcher with')
  const { code, stderr } = await run(oldNode ?? '', [bare])
  expect(code).toBe(1)
  expect(stderr).toMatch(/needs Node 24 or newer; this is v\d+.*\nRun "npm ci" in .*, or install Node 24/)
})

test('the compiled sources are kept for the next start, and where they cannot be it starts as well', async () => {
  const kept = install('kept', false)
  expect((await run(process.execPath, [kept, 'exit'])).code).toBe(7)
  expect(readdirSync(join(folder, 'kept/node_modules/.cache/meshswarm'))).not.toEqual([])
  const barred = install('barred', false)
  writeFileSync(join(folder, 'barred/node_modules'), 'no folder')
  expect(await run(process.execPath, [barred, 'exit'])).toMatchObject({ code: 7, stderr: '' })
})
