// The rule: there is one door from a text to an action. Nothing else under src/ reads the text of evidence, makes a
// proposal, or makes an action of data; but the executor, for what comes over its own socket and out of its own books.
// A request for approval is checked by the same schema, to be shown and hashed, and gives no action out.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '../../..')
const COMMENTS = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm
const SOURCES = globSync('{src,lab,bench}/**/*.{ts,mjs}', { cwd: ROOT }).map((file) => ({
  file: file.replaceAll('\\', '/'),
  code: readFileSync(join(ROOT, file), 'utf8').replace(COMMENTS, ''),
}))

const filesWith = (pattern: RegExp) =>
  SOURCES.filter(({ code }) => pattern.test(code))
    .map(({ file }) => file)
    .sort()

test('only the door reads a text as it is', () => {
  expect(filesWith(/\buntrustedText\b/)).toEqual([
    'src/core/evidence.ts',
    'src/security/evidence/read-action.ts',
  ])
})

test('only the door and the executor make actions of data', () => {
  const schema = filesWith(/\bActionSchema\b/).filter(
    (file) => !file.startsWith('src/mesh/drivers/babel/host/'),
  )
  expect(schema).toEqual([
    'src/mesh/action-schema.ts',
    'src/mesh/index.ts',
    'src/security/approval/approval-request.ts',
    'src/security/evidence/read-action.ts',
  ])
  expect(filesWith(/\bas (MeshAction|Proposal)\b/)).toEqual(['src/security/evidence/proposal.ts'])
})
