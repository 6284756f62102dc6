import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { entropySeed, RealClock, randomIds, seededRandom, swarmId } from '../../../src/core/index.ts'
import { EmbeddedBackend } from '../../../src/engine/index.ts'
import type { Metrics } from '../../../src/telemetry/index.ts'

export const clock = new RealClock()
export const random = seededRandom(1)
export const ids = randomIds(seededRandom(entropySeed()))
export const task = swarmId('task')
export const never = new AbortController().signal

interface Closable {
  close(): Promise<void>
}

/** A store of its own for each test of the file, gone after it. */
export class TestStore {
  directory = ''
  #open: Closable[] = []

  constructor() {
    beforeEach(() => {
      this.directory = mkdtempSync(join(tmpdir(), 'meshswarm-store-'))
      this.#open = []
    })
    afterEach(async () => {
      for (const one of this.#open) await one.close()
      rmSync(this.directory, { recursive: true, force: true })
    })
  }

  get file(): string {
    return join(this.directory, 'swarm.db')
  }

  /** As a process of its own would have it. */
  async open(metrics?: Metrics): Promise<EmbeddedBackend> {
    const opened = await EmbeddedBackend.open({ clock, ids, metrics }, { file: this.file })
    this.#open.push(opened)
    return opened
  }

  /** Closed before the backends: workers give back what they have. */
  closeFirst(one: Closable): void {
    this.#open.unshift(one)
  }
}
