import { readFileSync } from 'node:fs'

/**
 * The options of one interface (`type wireless`, `hello-interval 1` …) that the daemon was started with, without
 * its cost: from `-C 'interface X …'` and the files of `-c`. Defaults stay in the daemon and need no repeating.
 */
export function interfaceOptions(start: readonly string[], iface: string): string[] {
  const statements = start.flatMap((word, index) => {
    const previous = start[index - 1]
    if (previous === '-C') return [word]
    return previous === '-c' ? readLines(word) : []
  })
  const options: string[] = []
  for (const statement of statements) {
    const words = statement.trim().split(/\s+/)
    if (words[0] === 'interface' && words[1] === iface) options.push(...words.slice(2))
  }
  return options.filter((word, index) => word !== 'rxcost' && options[index - 1] !== 'rxcost')
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n')
  } catch {
    return []
  }
}
