import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Round, Said, Told } from './host.ts'
import type { Server, StartServer } from './servers.ts'

const HOST = fileURLToPath(new URL('./host.ts', import.meta.url))

/** A subject in a process of its own, and its server where it has one. */
export class SubjectProcess {
  readonly #child: ChildProcess
  readonly #server: Server | undefined
  readonly #directory: string

  private constructor(child: ChildProcess, server: Server | undefined, directory: string) {
    this.#child = child
    this.#server = server
    this.#directory = directory
  }

  /** Rejects, with the reason, where a server or a package is missing. */
  static async open(module: URL, startServer?: StartServer): Promise<SubjectProcess> {
    const directory = mkdtempSync(join(tmpdir(), 'meshswarm-bench-'))
    let server: Server | undefined
    try {
      server = await startServer?.(directory)
      const child = fork(HOST, [module.href, directory, server?.socket ?? ''])
      const subject = new SubjectProcess(child, server, directory)
      await subject.#next()
      return subject
    } catch (error) {
      await server?.stop()
      rmSync(directory, { recursive: true, force: true })
      throw error
    }
  }

  async round(): Promise<Round> {
    this.#tell('round')
    const said = await this.#next()
    if (!('round' in said)) throw new Error('the subject said something else')
    return said.round
  }

  async close(): Promise<void> {
    const running = this.#child.exitCode === null && this.#child.signalCode === null
    if (running) {
      const ended = once(this.#child, 'exit')
      this.#tell('close')
      await ended
    }
    await this.#server?.stop()
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #tell(told: Told): void {
    this.#child.send(told)
  }

  /** Rejects where it fails or ends instead. */
  async #next(): Promise<Said> {
    const { promise, resolve, reject } = Promise.withResolvers<Said>()
    const onExit = () => reject(new Error('its process has ended'))
    this.#child.once('message', resolve)
    this.#child.once('exit', onExit)
    try {
      const said = await promise
      if ('failed' in said) throw new Error(said.failed)
      return said
    } finally {
      this.#child.off('message', resolve)
      this.#child.off('exit', onExit)
    }
  }
}
