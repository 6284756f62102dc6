import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'

/** As `bin/meshswarm.js` has it. */
const COMPILED = fileURLToPath(new URL('../../node_modules/.cache/meshswarm', import.meta.url))
const CHILD = fileURLToPath(new URL('./task-child.ts', import.meta.url))

export interface KillableTaskOptions {
  readonly steps: number
  readonly stepMs: number
  /** So many steps that sub-agents do, the others divided among them. Default 0: there are no sub-agents. */
  readonly groups?: number
  /** Of the value of each step, which begins with its name. Default: no more than that. */
  readonly characters?: number
}

/** A process that works at the task. */
export interface TaskProcess {
  /** Resolves with what it said: how the task ended, or nothing where it was killed before. */
  readonly ended: Promise<string>
  running(): boolean
  /** With SIGKILL. */
  kill(): void
}

export interface Begun {
  readonly step: string
  /** By the wall clock. */
  readonly at: number
}

/** A task that other processes work at, which may be killed at any moment. */
export class KillableTask {
  /** The database that they share. */
  readonly file: string
  readonly #diary: string
  readonly #options: KillableTaskOptions

  /** Its files are in the directory, which is empty. */
  constructor(directory: string, options: KillableTaskOptions) {
    this.file = join(directory, 'swarm.db')
    this.#diary = join(directory, 'diary')
    this.#options = options
    writeFileSync(this.#diary, '')
  }

  /** Starts a process that works until the task is done. */
  start(): TaskProcess {
    const { steps, stepMs, groups = 0, characters = 0 } = this.#options
    const child = spawn(
      process.execPath,
      [CHILD, this.file, this.#diary, ...[steps, stepMs, groups, characters].map(String)],
      { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_COMPILE_CACHE: COMPILED } },
    )
    let said = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    return {
      ended: new Promise((resolve) => child.once('close', () => resolve(said.trim()))),
      running: () => child.exitCode === null && child.signalCode === null,
      kill: () => void child.kill('SIGKILL'),
    }
  }

  /** Every step that was begun so far, as often as it was, in that order. */
  begun(): readonly Begun[] {
    const lines = readFileSync(this.#diary, 'utf8').split('\n').slice(0, -1)
    return lines.map((line) => {
      const [step = '', at = ''] = line.split(' ')
      return { step, at: Number(at) }
    })
  }

  /**
   * The steps whose result is stored. Only while nobody works at it: opening the file here as well finishes what a killed
   * process had begun to write. Throws where the file is damaged.
   */
  finished(): ReadonlySet<string> {
    if (!existsSync(this.file)) return new Set()
    const database = new DatabaseSync(this.file, { timeout: 5000 })
    try {
      const state = database.prepare('PRAGMA integrity_check').get()?.integrity_check
      if (state !== 'ok') throw new Error(`the file is damaged: ${state}`)
      const made = database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'result'").get()
      const rows = made ? database.prepare('SELECT step FROM result').all() : []
      return new Set(rows.map(({ step }) => String(step)))
    } finally {
      database.close()
    }
  }
}
