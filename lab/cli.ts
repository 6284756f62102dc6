import { type Command, Option } from 'commander'
import { wholeNumber } from '../src/cli/index.ts'
import { registerFaultCommands } from './cli-fault.ts'
import { activeFaults } from './faults/index.ts'
import { Lab } from './lab.ts'
import { loadTopology } from './load.ts'
import type { Profile } from './plan.ts'
import { requireLab } from './requirements.ts'
import type { TopologyReader } from './topology.ts'

export interface LabCommandOptions {
  /** Reads topology files; without one, built-in shapes and the lab's own JSON are known. */
  readonly reader?: TopologyReader
  readonly print?: (text: string) => void
  /** Aborted when the user wants to stop; a lab under construction is then removed. */
  readonly signal?: AbortSignal
}

interface UpOptions {
  readonly topology: string
  readonly nodes?: number
  readonly name: string
  readonly profile: Profile
  readonly wait: boolean
  readonly json?: boolean
}

/** Adds `lab up|down|status|fault` to a program. Actions reject with MeshSwarmError; the program prints them. */
export function registerLabCommands(program: Command, options: LabCommandOptions = {}): void {
  const print = options.print ?? ((text: string) => void process.stdout.write(`${text}\n`))
  const signal = options.signal ?? new AbortController().signal
  const lab = program.command('lab').description('a mesh of real babeld daemons on this machine (needs root)')
  const named = (name: string, what: string): Command =>
    lab
      .command(name)
      .description(what)
      .option('--name <name>', 'which lab', 'default')
      .option('--json', 'print JSON')

  named('up', 'build a lab and leave it running')
    .option('--topology <spec>', 'grid:4x4, ring:10, line:5, geo:30 or a file', 'grid:4x4')
    .option('--nodes <count>', 'take a connected part of so many nodes', wholeNumber(0))
    .addOption(new Option('--profile <profile>', 'timers').choices(['default', 'tuned']).default('default'))
    .option('--no-wait', 'return before the routes have converged')
    .action(async (flags: UpOptions) => {
      await requireLab()
      const { reader } = options
      const topology = await loadTopology(flags.topology, {
        ...(flags.nodes === undefined ? {} : { nodes: flags.nodes }),
        ...(reader === undefined ? {} : { reader }),
      })
      const built = await Lab.up(topology, { name: flags.name, profile: flags.profile, keep: true }, signal)
      if (flags.wait) await built.waitConverged(AbortSignal.any([signal, AbortSignal.timeout(120_000)]))
      const status = await built.status(signal)
      const human = `lab '${flags.name}' is up: ${status.nodes} nodes, ${status.links} links, ${flags.profile} timers\ninventory: ${status.inventory}`
      print(flags.json ? JSON.stringify(status) : human)
    })

  named('down', 'end a lab and remove all of it').action(async (flags: { name: string; json?: boolean }) => {
    await requireLab()
    const existed = await Lab.down({ name: flags.name })
    const human = existed ? `lab '${flags.name}' is down` : `there was no lab '${flags.name}'`
    print(flags.json ? JSON.stringify({ name: flags.name, existed }) : human)
  })

  named('status', 'what is up, and which faults are active').action(
    async (flags: { name: string; json?: boolean }) => {
      await requireLab()
      const found = await Lab.attach({ name: flags.name })
      const [status, faults] = [await found.status(signal), await activeFaults(found)]
      if (flags.json) return print(JSON.stringify({ ...status, faults }))
      const { running, stopped, dead } = status.daemons
      print(`lab '${status.name}': ${status.nodes} nodes, ${status.links} links, ${status.profile} timers`)
      print(`daemons: ${running} running, ${stopped} stopped, ${dead} dead`)
      print(`reachable: ${status.reachablePairs} of ${status.pairs} pairs`)
      for (const fault of faults)
        print(`fault ${fault.id}: ${fault.fault} at ${JSON.stringify(fault.target)}`)
    },
  )

  registerFaultCommands(lab, print, signal)
}
