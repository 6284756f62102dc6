import type { EpochStore } from './epoch-file.ts'

/** For what does not outlive its process: a drill, a simulation. */
export class MemoryEpochStore implements EpochStore {
  #value: unknown

  async read(): Promise<unknown> {
    return this.#value
  }

  async write(value: unknown): Promise<void> {
    this.#value = value
  }
}
