// The rule: after `kill -9` at any moment every acknowledged entry is in the log at its place, and the log goes on
// from its last checkpoint: it is never cut short and never forked by its own writers, two at a time included.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { entropySeed, seededRandom } from '../../src/core/index.ts'
import { decodeEntry, readSigner, readStore, verifyLog } from '../../src/security/index.ts'

const CHILD = fileURLToPath(new URL('./audit-child.ts', import.meta.url))
const KILLS = 10

test('the log of processes that are killed again and again', { timeout: 110_000 }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'meshswarm-audit-'))
  const [file, diary] = [join(directory, 'audit.db'), join(directory, 'diary')]
  writeFileSync(diary, '')
  const acknowledged = () => readFileSync(diary, 'utf8').split('\n').slice(0, -1)
  const seed = entropySeed()
  const random = seededRandom(seed)
  const start = (name: string) => spawn(process.execPath, [CHILD, file, diary, name], { stdio: 'inherit' })
  const kill = async (child: ChildProcess) => {
    expect(child.exitCode, `seed ${seed}: ended by itself`).toBeNull()
    const ended = new Promise((resolve) => child.once('close', resolve))
    child.kill('SIGKILL')
    await ended
  }
  try {
    let kept: string | undefined
    for (let run = 0; run < KILLS; run++) {
      const mark = acknowledged().length
      const children = [start(`${run}a`), start(`${run}b`)]
      // Now and then before the first entry.
      while (run % 4 !== 0 && acknowledged().length === mark) await delay(2)
      await delay(random.next() * 300)
      for (const child of children) await kill(child)
      if (acknowledged().length === 0) continue
      const { verifier } = readSigner(`${file}.key`)
      const report = await verifyLog(readStore(file), { verifier }, { kept }, AbortSignal.timeout(60_000))
      expect(report.findings, `seed ${seed}, run ${run}`).toEqual([])
      kept = report.checkpoint
    }
    const names = new Map<number, unknown>()
    for (const record of readStore(file)) {
      if (record.kind === 'entry' && record.text !== undefined)
        names.set(record.seq, decodeEntry(record.seq, record.text).entry.name)
    }
    const lines = acknowledged()
    expect(lines.length).toBeGreaterThan(KILLS)
    const lost = lines.filter((line) => {
      const [seq = '', name] = line.split(' ')
      return names.get(Number(seq)) !== name
    })
    expect(lost, `seed ${seed}`).toEqual([])
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
