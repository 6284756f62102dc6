import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { anomalyBench } from './anomaly/index.ts'
import { attackBench } from './attack/index.ts'
import { authorityBench } from './authority/index.ts'
import { engineBench } from './engine/index.ts'
import { healBench } from './heal.ts'
import type { BenchOptions } from './options.ts'
import { type BenchReport, printReport } from './report.ts'

type Bench = (options: BenchOptions, signal: AbortSignal) => Promise<BenchReport>

const BENCHES: Readonly<Record<string, Bench>> = {
  anomaly: anomalyBench,
  authority: authorityBench,
  attack: attackBench,
  engine: engineBench,
  heal: healBench,
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      seed: { type: 'string', default: '1' },
      data: { type: 'string', default: process.env.MESHSWARM_DATA ?? '../shared/data' },
      set: { type: 'string', multiple: true, default: [] },
    },
  })
  const bench = BENCHES[positionals[0] ?? '']
  if (!bench) {
    process.stderr.write(
      `usage: npm run bench -- NAME [--quick] [--json FILE] [--seed N] [--data DIR]; NAME one of: ${Object.keys(BENCHES).join(' ')}\n`,
    )
    return 2
  }
  const stop = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort())
  const set = new Map(
    values.set.map((text) => [text.split('=')[0] ?? '', text.split('=').slice(1).join('=')]),
  )
  const log = (line: string) => void process.stderr.write(`${line}\n`)
  const report = await bench(
    { quick: values.quick, seed: Number(values.seed), data: values.data, set, log },
    stop.signal,
  )
  process.stdout.write(`${printReport(report)}\n`)
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`)
  return 0
}

process.exitCode = await main()
