// The rule: what the page for programmers shows are programs that work.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ROOT } from './markdown.ts'

const EXAMPLES: readonly (readonly [string, RegExp])[] = [
  ['library-example.ts', /^succeeded .*"value":\["MESH","SWARM"\].* at most [\d.]+ x\n$/],
  ['messages-example.ts', /^scout found "{\\"node\\":\\"n7\\",\\"loss\\":0.2}"\njudge says look at it\n$/],
  ['telemetry-example.ts', /^minute 1500: 56 ms is unusual, 0.999\n$/],
]

test('docs/LIBRARY.md shows the examples that are compiled here', () => {
  const page = readFileSync(join(ROOT, 'docs/LIBRARY.md'), 'utf8')
  const shown = [...page.matchAll(/```ts\n(.*?)```/gs)].map(([, code]) => code)
  const files = EXAMPLES.map(([name]) => readFileSync(join(ROOT, 'test/docs', name), 'utf8'))
  expect(shown).toEqual(files.map((code) => code.replaceAll("'../../src/", "'./src/")))
})

test.each(EXAMPLES)('%s does what it says, and ends', async (name, says) => {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-library-'))
  try {
    const argv = [join(ROOT, 'test/docs', name), join(directory, 'swarm.db')]
    const { stdout } = await promisify(execFile)(process.execPath, argv)
    expect(stdout).toMatch(says)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
