import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { VirtualClock } from '../../src/core/index.ts'
import { readOnlyMesh } from '../../src/security/index.ts'
import { FakeDriver } from './fake-driver.ts'

const ROOT = join(import.meta.dirname, '../..')
const COMMENTS = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm
const WRITES = 'apply|confirm|rollback|hasten'

/** Calls, methods taken without a call, brackets, destructuring: each with what it is done to. */
const PATTERNS = [
  new RegExp(`([\\w$#.?()\\]]+?)\\s*\\??\\.\\s*(?:${WRITES})\\b(?!\\s*:)`, 'g'),
  new RegExp(`([\\w$#.?()\\]]+?)\\s*(?:\\?\\.)?\\[\\s*['"\`](?:${WRITES})['"\`]\\s*\\]`, 'g'),
  new RegExp(`\\{[^{}]*\\b(?:${WRITES})\\b[^{}]*\\}\\s*=\\s*([\\w$#.?()]+)`, 'g'),
]

/** What is written through, in the text, and is not the controller. */
function writesPastController(source: string): string[] {
  const code = source.replace(COMMENTS, '')
  const receivers = PATTERNS.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''))
  return receivers.filter((receiver) => !/(^|[.#])controller$/i.test(receiver))
}

it('nothing under src/ but security/ and the drivers themselves changes a mesh past the controller', () => {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).filter(
    (file) => !/^src[/\\](security|mesh)[/\\]/.test(file),
  )
  expect(files.length).toBeGreaterThan(20)
  const found = files.flatMap((file) =>
    writesPastController(readFileSync(join(ROOT, file), 'utf8')).map((receiver) => `${file}: ${receiver}`),
  )
  expect(found).toEqual([])
})

it('the search finds every way to write that it says it finds', () => {
  for (const bad of [
    'await driver.apply(action, options, signal)',
    'this.#components.driver.rollback(id, signal)',
    'driver?.confirm(id, signal)',
    'const { apply } = driver',
    'const { snapshot, rollback: undo } = this.driver',
    "driver['apply'](action)",
    'const undo = mesh.rollback.bind(mesh)',
    'session(1).apply(a)',
    'driver.hasten(nodes, 1000, signal)',
  ]) {
    expect(writesPastController(bad), bad).toHaveLength(1)
  }
  for (const good of [
    'controller.apply(a)',
    'controller.hasten(agent, nodes, 1000, signal)',
    'this.#controller.confirm(id)',
    '// driver.apply(x)',
    'applyAll(driver)',
  ]) {
    expect(writesPastController(good), good).toEqual([])
  }
})

it('the view that all others get has no hands, not even through a cast', () => {
  const view: object = readOnlyMesh(new FakeDriver(new VirtualClock()).driver)
  for (const name of ['apply', 'confirm', 'rollback', 'hasten', 'close', 'driver']) {
    expect(name in view).toBe(false)
  }
  expect(Object.isFrozen(view)).toBe(true)
})
