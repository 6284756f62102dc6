import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command, Option } from 'commander'
import { registerLabCommands } from '../../lab/cli.ts'
import { DRILL_MESHES, registerDrillCommand } from '../../lab/drill/command.ts'
import { createProgram, processContext, registerHealCommand } from '../../src/cli/index.ts'
import { ROOT } from './markdown.ts'

/** The program as lab/main.ts puts it together, which runs at once when it is imported. */
export function wholeProgram(): Command {
  const context = processContext(new AbortController().signal)
  return createProgram(context, [
    (program, own) => registerHealCommand(program, own, DRILL_MESHES),
    registerDrillCommand,
    (program, { print, signal }) => registerLabCommands(program, { print, signal }),
  ])
}

/** npm's own commands that documents may name; `start` and `test` are scripts. */
const NPM_OWN = new Set(['ci', 'install'])

/** Everything that is wrong with the commands in one line of code. Empty for a line without any. */
export function wrongCommands(code: string, program: Command): readonly string[] {
  const line = code.replace(/(^|\s)#\s.*$/, '')
  return line.split(/&&|\|\||[|;]|-->/).flatMap((part) => {
    const [, tool, rest = ''] = /(?:^|\s)(meshswarm|bin\/meshswarm\.js|npm)((?:\s.*)?)$/.exec(part) ?? []
    if (tool === undefined) return []
    const words = [...rest.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((found) => found.slice(1).join(''))
    const wrong = tool === 'npm' ? wrongNpm(words) : wrongArguments(program, words)
    return wrong.map((why) => `${why} in: ${part.trim()}`)
  })
}

/** Flags that are written without their command, which have to be some command's. */
export function strayFlags(code: string, program: Command): readonly string[] {
  const [flag] = /^--[a-z][\w-]*/.exec(code) ?? []
  if (flag === undefined || flag === '--help') return []
  const bench = benchmarks().flags.has(flag)
  return bench || optionsBelow(program).some(({ long }) => long === flag) ? [] : [`no command has ${flag}`]
}

function optionsBelow(command: Command): readonly Option[] {
  return [...command.options, ...command.commands.flatMap(optionsBelow)]
}

/** `FILE`, `n1>n2` and `…` stand for something else. */
function isPlaceholder(word: string): boolean {
  return word === '…' || /^[A-Z][A-Z_]*$/.test(word)
}

function wrongArguments(program: Command, words: readonly string[]): readonly string[] {
  const wrong: string[] = []
  let command = program
  let operands = 0
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    if (/^--?[a-zA-Z]/.test(word)) {
      const [name, inline] = word.split('=')
      const option = command.options.find(({ long, short }) => long === name || short === name)
      if (option === undefined) {
        if (name !== '--help' && name !== '-h') wrong.push(`${command.name()} has no ${name}`)
        continue
      }
      const value = option.required ? (inline ?? words[++at]) : inline
      if (option.required && value === undefined) wrong.push(`${name} needs a value`)
      const { argChoices } = option
      if (argChoices && value !== undefined && !isPlaceholder(value) && !argChoices.includes(value))
        wrong.push(`${name} cannot be ${value}`)
    } else if (command.commands.length > 0) {
      const next = command.commands.find((one) => one.name() === word)
      if (isPlaceholder(word)) return wrong
      if (next === undefined) return [...wrong, `${command.name()} has no command ${word}`]
      command = next
    } else if (word !== '…') operands++
  }
  const most = command.registeredArguments.length
  return operands > most
    ? [...wrong, `${command.name()} takes no more than ${most}: there are ${operands}`]
    : wrong
}

function wrongNpm(words: readonly string[]): readonly string[] {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>
  }
  const script = words[0] === 'run' ? words[1] : words[0]
  if (script === undefined || (words[0] !== 'run' && NPM_OWN.has(script))) return []
  if (!Object.hasOwn(scripts, script)) return [`no npm script ${script}`]
  return script === 'bench' ? wrongBench(words.slice(words.indexOf('--') + 1)) : []
}

function wrongBench(words: readonly string[]): readonly string[] {
  const { names, flags } = benchmarks()
  const [name = ''] = words
  const unknown = words.filter((word) => word.startsWith('--') && !flags.has(word))
  return [
    ...(names.has(name) || isPlaceholder(name) ? [] : [`no benchmark ${name}`]),
    ...unknown.map((flag) => `the benchmark has no ${flag}`),
  ]
}

/** Read out of the source: the file runs the benchmark when it is imported. Throws where it looks different. */
function benchmarks(): { readonly names: ReadonlySet<string>; readonly flags: ReadonlySet<string> } {
  const source = readFileSync(join(ROOT, 'bench/main.ts'), 'utf8')
  const [, table = ''] = /BENCHES\b[^=]*= \{([^}]*)\}/.exec(source) ?? []
  const names = [...table.matchAll(/([\w-]+)'?\s*[:,]/g)].map(([, name = '']) => name)
  const flags = [...source.matchAll(/([\w-]+)'?: \{ type: '(?:boolean|string)'/g)].map(
    ([, name]) => `--${name}`,
  )
  if (names.length === 0 || flags.length === 0)
    throw new Error('bench/main.ts does not say its benchmarks and flags in the way that is read here')
  return { names: new Set(names), flags: new Set(flags) }
}
