// A process with one subject in it: it opens the subject's module, and does a round whenever it is told to.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type OpenSubject, type Place, STEPS } from './subject.ts'

export interface Round {
  readonly wallMs: number
  /** 99th percentile. */
  readonly loopDelayMs: number
  /** The most so far. */
  readonly residentMb: number
}

/** What it says: once it is open, after each round, and where it cannot. */
export type Said = { readonly open: true } | { readonly round: Round } | { readonly failed: string }

/** What it is told. */
export type Told = 'round' | 'close'

const say = (said: Said, then: () => void = () => undefined) => process.send?.(said, then)
const [, , module = '', directory = '', socket = ''] = process.argv

// Ctrl-C is for the process that has started this one.
process.on('SIGINT', () => undefined)
try {
  const { open } = (await import(module)) as { open: OpenSubject }
  const place: Place = { directory, socket: socket === '' ? undefined : socket }
  const subject = await open(place)
  let rounds = 0
  process.on('message', (told: Told) => void (told === 'round' ? oneRound() : close()))
  // Nobody is there any more, and perhaps no server either.
  process.once('disconnect', () => process.exit(1))
  say({ open: true })

  async function oneRound(): Promise<void> {
    const loop = monitorEventLoopDelay({ resolution: 1 })
    loop.enable()
    const began = performance.now()
    const results = await subject.round(rounds++)
    const wallMs = performance.now() - began
    loop.disable()
    if (results.length !== STEPS) throw new Error(`${results.length} results of ${STEPS} steps`)
    const residentMb = process.resourceUsage().maxRSS / 1024
    say({ round: { wallMs, loopDelayMs: loop.percentile(99) / 1e6, residentMb } })
  }

  async function close(): Promise<void> {
    await subject.close()
    process.exit()
  }
} catch (error) {
  say({ failed: reasonOf(error) }, () => process.exit(1))
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const missing = 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND'
  return missing ? `${error.message.split(' imported')[0]}: npm ci --prefix bench/peers` : error.message
}
