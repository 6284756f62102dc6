import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { injectFault, Lab, loadTopology } from '../../lab/index.ts'
import { RealClock } from '../../src/core/index.ts'
import { executorProgram, nodeDirectory } from '../../src/executor/index.ts'
import { BabelDriver, readInventory } from '../../src/mesh/index.ts'
import { describeLab, testName } from '../lab/lab-here.ts'

const BIN = fileURLToPath(new URL('../../bin/meshswarm.js', import.meta.url))
const signal = AbortSignal.timeout(110_000)

/** `meshswarm heal` as a process of its own, and what it prints. */
function heal(inventory: string, journal: string) {
  const flags = ['--mesh', 'babel', '--inventory', inventory, '--mode', 'heal', '--blast-radius', '6']
  const child = spawn(
    process.execPath,
    [BIN, 'heal', ...flags, '--journal', journal, '--authority', join(journal, 'authority')],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  return { child, lines }
}

async function untilPrinted(lines: readonly string[], text: string): Promise<string> {
  for (;;) {
    const found = lines.find((line) => line.includes(text))
    if (found !== undefined) return found
    await delay(5, undefined, { signal })
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => child.once('exit', resolve))
  }
}

function suite(): void {
  let lab: Lab
  let journal: string

  beforeAll(async () => {
    lab = await Lab.up(await loadTopology('ring:6'), { name: testName('crash'), profile: 'tuned' }, signal)
    await lab.waitConverged(signal)
    journal = await mkdtemp(join(tmpdir(), 'meshswarm-crash-'))
  }, 60_000)

  afterAll(async () => {
    await lab?.down()
    await rm(journal, { recursive: true, force: true })
  })

  it('kill -9 in the middle of a repair: the node undoes it, and the next start reports the incident', async () => {
    const first = heal(lab.inventory, journal)
    await untilPrinted(first.lines, 'watching')
    await delay(2500)
    const fault = await injectFault(lab, 'silent-cut', { kind: 'link', from: 'n2', to: 'n3' })
    const driver = await BabelDriver.open(
      {
        clock: new RealClock(),
        executor: executorProgram(nodeDirectory(await readInventory(lab.inventory))),
      },
      { inventory: lab.inventory },
      signal,
    )
    try {
      const states = async () => (await driver.changes(signal)).map(({ state }) => state)
      while (!(await states()).includes('pending')) await delay(5, undefined, { signal })
      first.child.kill('SIGKILL')
      await ended(first.child)
      await fault.revert()
      while ((await states()).includes('pending')) await delay(100, undefined, { signal })
      expect(new Set(await states())).toEqual(new Set(['rolled-back']))
    } finally {
      await driver.close()
    }

    const second = heal(lab.inventory, journal)
    const report = await untilPrinted(second.lines, 'WAS CUT')
    expect(report).toContain('interrupted by a crash')
    expect(report).toContain('rolled-back')
    second.child.kill('SIGINT')
    await ended(second.child)
  }, 100_000)
}

describeLab('meshswarm heal, killed', suite, 110_000)
