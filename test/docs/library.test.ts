// The rule: what the page for programmers shows is a program that works.
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { ROOT } from './markdown.ts'

const EXAMPLE = join(ROOT, 'test/docs/library-example.ts')

test('docs/LIBRARY.md shows the example that is compiled here', () => {
  const [, shown] = /```ts\n(.*?)```/s.exec(readFileSync(join(ROOT, 'docs/LIBRARY.md'), 'utf8')) ?? []
  expect(shown).toBe(readFileSync(EXAMPLE, 'utf8').replaceAll("'../../src/", "'./src/"))
})

test('the example does what it says, and ends', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-library-'))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [EXAMPLE, join(directory, 'swarm.db')])
    expect(stdout).toMatch(/^succeeded .*"value":\["MESH","SWARM"\].* at most [\d.]+ x\n$/)
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
