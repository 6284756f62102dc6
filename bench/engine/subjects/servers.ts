import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

export interface Server {
  readonly socket: string
  /** Until it has ended. */
  stop(): Promise<void>
}

export type StartServer = (directory: string) => Promise<Server>

const START_MS = 30_000
/** PostgreSQL refuses to run as root. */
const ACCOUNT = process.getuid?.() === 0 ? 'postgres' : undefined

/** A database of its own in the directory, which writes through to the disk. Rejects where it is not installed. */
export const startPostgres: StartServer = async (directory) => {
  const initdb = find('initdb', postgresFolders())
  if (ACCOUNT !== undefined) execFileSync('chown', [ACCOUNT, directory])
  const data = join(directory, 'data')
  const init = ['-D', data, '-U', 'postgres', '--auth', 'trust', '--encoding', 'UTF8', '--no-sync']
  const [file, ...args] = guarded([initdb, ...init], 'SIGKILL', ACCOUNT)
  execFileSync(file, args, { stdio: 'pipe' })
  const options = ['-c', 'listen_addresses=', '-c', `unix_socket_directories=${directory}`]
  const postgres = find('postgres', postgresFolders())
  return serve(guarded([postgres, '-D', data, ...options], 'SIGINT', ACCOUNT), 'SIGINT', directory)
}

/** With a log that is written through to the disk before each answer. Rejects where it is not installed. */
export const startRedis: StartServer = (directory) => {
  const socket = join(directory, 'redis.sock')
  const log = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
  const options = ['--port', '0', '--unixsocket', socket, '--dir', directory, ...log]
  return serve(guarded([find('redis-server'), ...options], 'SIGTERM'), 'SIGTERM', socket)
}

/** In a session of its own, for Ctrl-C is for the bench alone; it ends with the bench, however that ends. */
function guarded(argv: readonly [string, ...string[]], atEnd: NodeJS.Signals, user?: string) {
  const as = user === undefined ? [] : ['--reuid', user, '--regid', user, '--init-groups']
  return [find('setpriv'), '--pdeathsig', atEnd.slice(3), ...as, ...argv] as const
}

async function serve(
  [file, ...args]: readonly [string, ...string[]],
  stopBy: NodeJS.Signals,
  socket: string,
): Promise<Server> {
  const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = new Promise<void>((resolve) => child.once('close', resolve))
  const stop = async () => {
    child.kill(stopBy)
    await ended
  }
  try {
    await ready(child)
  } catch (error) {
    await stop()
    throw error
  }
  return { socket, stop }
}

async function ready(child: ChildProcess): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-2000)
      if (/ready to accept connections/i.test(said)) resolve()
    })
  const refuse = (what: string) => reject(new Error(`${child.spawnargs[0]} ${what}: ${said}`))
  child.once('close', () => refuse('ended'))
  const limit = new AbortController()
  void delay(START_MS, undefined, { signal: limit.signal }).then(
    () => refuse('did not start'),
    () => undefined,
  )
  await promise.finally(() => limit.abort())
}

/** Debian has the newest of its versions in no folder of PATH. */
function postgresFolders(): readonly string[] {
  const root = '/usr/lib/postgresql'
  const versions = list(root).sort((a, b) => Number(b) - Number(a))
  return versions.map((version) => join(root, version, 'bin'))
}

function find(program: string, further: readonly string[] = []): string {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...further]
  const folder = folders.find((one) => list(one).includes(program))
  if (folder === undefined) throw new Error(`${program} is not installed`)
  return join(folder, program)
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
