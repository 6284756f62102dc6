import { describe, expect, it, test } from 'vitest'
import { strayFlags, wholeProgram, wrongCommands } from './commands.ts'
import { deadLinks, documents, missingFiles, parseDocument } from './markdown.ts'

const all = documents()
const program = wholeProgram()

describe.each(all)('$name', (document) => {
  test('every command and flag in it exists', () => {
    expect(document.code.flatMap((code) => wrongCommands(code, program))).toEqual([])
    expect(document.code.flatMap((code) => strayFlags(code, program))).toEqual([])
  })

  test('every link and every file that it names is there', () => {
    expect(deadLinks(document, all)).toEqual([])
    expect(missingFiles(document)).toEqual([])
  })
})

test('the documents hold commands to check', () => {
  const commands = all.flatMap(({ code }) => code).filter((line) => /(^|\s)(meshswarm|npm) \w/.test(line))
  expect(commands.length).toBeGreaterThan(20)
})

describe('what is wrong is found', () => {
  it.each([
    ['meshswarm repair', 'no command repair'],
    ['node bin/meshswarm.js lab fault injekt', 'no command injekt'],
    ['sudo meshswarm heal --force', 'heal has no --force'],
    ['meshswarm heal --mode fix', '--mode cannot be fix'],
    ['meshswarm lab up --topology', '--topology needs a value'],
    ['meshswarm explain one two', 'explain takes no more than 1'],
    ['npm ci && npm run fly', 'no npm script fly'],
    ['npm run bench -- fly', 'no benchmark fly'],
    ['npm run bench -- heal --slow', 'no --slow'],
  ])('%s', (code, why) => {
    expect(wrongCommands(code, program).join()).toContain(why)
  })

  it('in flags, links, sections and files', () => {
    const text = '# A b\n`--fly` `src/fly.ts` [x](fly.md) [y](#a-b) [z](#c) [w](https://example.org/x)\n'
    const bad = parseDocument('docs/x.md', text)
    expect(bad.code.flatMap((code) => strayFlags(code, program))).toEqual(['no command has --fly'])
    expect(deadLinks(bad, [bad])).toEqual(['dead link: fly.md', 'dead link: #c'])
    expect(missingFiles(bad)).toEqual(['no such file: src/fly.ts'])
  })
})
