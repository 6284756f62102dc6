import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './markdown.ts'

const example = join(import.meta.dirname, 'tracing-example.mjs')

test('docs/TRACING.md shows the file that is run here, and it traces the command', () => {
  const text = readFileSync(join(ROOT, 'docs/TRACING.md'), 'utf8')
  expect(/^```js\n(.*?)^```/ms.exec(text)?.[1]).toBe(readFileSync(example, 'utf8'))
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-tracing-'))
  try {
    const task = join(directory, 'task.yaml')
    writeFileSync(task, 'name: shown\nsteps: [{ id: a, tool: value }]')
    const argv = [
      '--import',
      example,
      'bin/meshswarm.js',
      'run',
      task,
      '--store',
      join(directory, 'tasks.db'),
    ]
    const out = execFileSync(process.execPath, argv, { cwd: ROOT, encoding: 'utf8' })
    expect([...out.matchAll(/^ {2}name: '(.*)'/gm)].map(([, name]) => name)).toEqual([
      'submit_task',
      'execute_tool value',
      'invoke_workflow shown',
    ])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
