import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative, sep } from 'node:path'
import floors from './floors.json' with { type: 'json' }

export interface Import {
  readonly from: string
  readonly to: string
  /** Only named by `new URL(…, import.meta.url)`, to be started as a worker or a process: loads nothing here. */
  readonly started?: boolean
}

const FLOORS: ReadonlyMap<string, number> = new Map(Object.entries(floors))

/** The folder under src/ that a file lies in; undefined for a file elsewhere. */
function roomOf(file: string): string | undefined {
  return /^src\/([^/]+)\//.exec(file)?.[1]
}

const COMMENTS = /\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm
const SPECIFIERS = [
  /\b(?:import|export)\s(?:[^'"`;]*?\sfrom\s*)?['"]([^'"]+)['"]/g,
  /\b(?:import|export)\s*[*{][^'"`;]*?\}?\s*from\s*['"]([^'"]+)['"]/g,
  /\b(?:import|require)\s*\(\s*['"`]([^'"`]+)['"`]/g,
]

const STARTED = [/\bnew\s+URL\(\s*['"]([^'"]+)['"]\s*,\s*import\.meta\.url/g]

/** Every module that the text imports: statically, dynamically, as a re-export or as a type. */
export function specifiersOf(source: string, patterns: readonly RegExp[] = SPECIFIERS): string[] {
  const code = source.replace(COMMENTS, '')
  return [
    ...new Set(patterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ''))),
  ]
}

/** The relative imports of a file, with both ends relative to the repository root, '/' between the parts. */
export function importsOf(file: string, source: string): Import[] {
  const to = (specifier: string) => slashes(normalize(join(dirname(file), specifier)))
  const relatives = (patterns: readonly RegExp[]) =>
    specifiersOf(source, patterns).filter((specifier) => specifier.startsWith('.'))
  return [
    ...relatives(SPECIFIERS).map((specifier) => ({ from: file, to: to(specifier) })),
    ...relatives(STARTED).map((specifier) => ({ from: file, to: to(specifier), started: true })),
  ]
}

/** What is wrong with the import, in words; undefined when it is allowed. */
export function violationOf({ from, to }: Import): string | undefined {
  const room = roomOf(from)
  if (!from.startsWith('src/')) return violationFromOutside(from, to)
  if (!to.startsWith('src/')) {
    return /^(lab|bench|test|web)\//.test(to) ? `${from} sees ${to}: src/ is blind to it` : undefined
  }
  const target = roomOf(to)
  if (room === undefined || target === undefined) return `${from} -> ${to}: src/ holds folders only`
  const floor = FLOORS.get(room)
  const targetFloor = FLOORS.get(target)
  if (floor === undefined || targetFloor === undefined) return `${from} -> ${to}: a folder has no floor`
  if (room === target) return undefined
  if (targetFloor >= floor) return `${from} -> ${to}: floor ${floor} imports from floor ${targetFloor}`
  if (to !== `src/${target}/index.ts`) return `${from} -> ${to}: not through src/${target}/index.ts`
  return undefined
}

function violationFromOutside(from: string, to: string): string | undefined {
  if (from.startsWith('test/')) return undefined
  if (to.startsWith('src/') && !/^src\/[^/]+\/index\.ts$/.test(to))
    return `${from} -> ${to}: not through a door`
  if (from.startsWith('lab/') && /^(bench|test)\//.test(to)) return `${from} -> ${to}: lab/ stands alone`
  return undefined
}

/** One cycle among the imports as a list of files, the first repeated at the end; undefined when none. */
export function findCycle(imports: readonly Import[]): string[] | undefined {
  const loaded = imports.filter(({ started }) => !started)
  const targets = Map.groupBy(loaded, ({ from }) => from)
  const finished = new Set<string>()
  const path: string[] = []
  const visit = (file: string): string[] | undefined => {
    if (finished.has(file)) return undefined
    const start = path.indexOf(file)
    if (start >= 0) return [...path.slice(start), file]
    path.push(file)
    for (const { to } of targets.get(file) ?? []) {
      const cycle = visit(to)
      if (cycle) return cycle
    }
    path.pop()
    finished.add(file)
    return undefined
  }
  for (const file of targets.keys()) {
    const cycle = visit(file)
    if (cycle) return cycle
  }
  return undefined
}

export interface SourceFile {
  readonly file: string
  readonly source: string
}

/** Every TypeScript and JavaScript file below the folders, packages apart; a folder that does not exist has none. */
export function readSources(root: string, folders: readonly string[]): SourceFile[] {
  return folders.flatMap((folder) => {
    let names: string[]
    try {
      names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    } catch {
      return []
    }
    return names
      .filter((name) => /\.[cm]?[jt]sx?$/.test(name) && !name.split(sep).includes('node_modules'))
      .map((name) => join(root, folder, name))
      .map((path) => ({ file: slashes(relative(root, path)), source: readFileSync(path, 'utf8') }))
  })
}

function slashes(path: string): string {
  return path.split(sep).join('/')
}
