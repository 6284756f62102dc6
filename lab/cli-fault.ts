import type { Command } from 'commander'
import { meshSwarmError, seededRandom } from '../src/core/index.ts'
import {
  CATALOGUE,
  type FaultTarget,
  faultKind,
  injectFault,
  placeFault,
  revertAll,
  revertFault,
} from './faults/index.ts'
import { Lab } from './lab.ts'
import { requireLab } from './requirements.ts'

interface InjectFlags {
  readonly name: string
  readonly target?: string
  readonly random?: boolean
  readonly seed: string
  readonly role: 'transit' | 'destination'
  readonly json?: boolean
}

/** `A>B` for a link (direction of one-way faults) and for a hijack (A takes the address of B), `A` for a node,
 * `A,B,C` for one side of a cut. Throws INVALID_INPUT. */
function parseTarget(fault: string, text: string): FaultTarget {
  const { target } = faultKind(fault)
  if (target === 'node') return { kind: 'node', node: text }
  if (target === 'cut') return { kind: 'cut', side: text.split(',') }
  const [from = '', to = ''] = text.split('>', 2)
  if (from === '' || to === '') {
    throw meshSwarmError('INVALID_INPUT', `the target of ${fault} is written 'n1>n2', not '${text}'`)
  }
  return target === 'link' ? { kind: 'link', from, to } : { kind: 'prefix', by: from, victim: to }
}

export function registerFaultCommands(
  lab: Command,
  print: (text: string) => void,
  signal: AbortSignal,
): void {
  const fault = lab.command('fault').description('break the lab and mend it again')

  fault
    .command('list')
    .description('the faults that can be injected')
    .option('--json', 'print JSON')
    .action((flags: { json?: boolean }) => {
      const rows = CATALOGUE.map(({ id, target, describe }) => ({ id, target, describe }))
      if (flags.json) return print(JSON.stringify(rows))
      for (const { id, target, describe } of rows) print(`${id.padEnd(16)} ${target.padEnd(7)} ${describe}`)
    })

  fault
    .command('inject <fault>')
    .description('let a fault strike')
    .option('--name <name>', 'which lab', 'default')
    .option('--target <target>', "a link or hijack 'n1>n2', a node 'n3', a side of a cut 'n1,n2'")
    .option('--random', 'a random place on the way between two far nodes')
    .option('--seed <seed>', 'the same seed strikes the same place', '1')
    .option('--role <role>', 'with --random: a transit node or the destination', 'transit')
    .option('--json', 'print JSON')
    .action(async (id: string, flags: InjectFlags) => {
      await requireLab()
      const found = await Lab.attach({ name: flags.name })
      if ((flags.target === undefined) === (flags.random !== true)) {
        throw meshSwarmError('INVALID_INPUT', 'say where: either --target or --random')
      }
      const placed =
        flags.target === undefined
          ? await placeFault(found, id, seededRandom(flags.seed), signal, { role: flags.role })
          : undefined
      const target = placed?.target ?? parseTarget(id, flags.target ?? '')
      const { record } = await injectFault(found, id, target)
      const probe = placed && { from: placed.from, to: placed.to, path: placed.path }
      if (flags.json) return print(JSON.stringify({ id: record.id, fault: id, target, probe }))
      print(`${record.id}: ${id} at ${JSON.stringify(target)}`)
      if (probe) print(`on the way ${probe.path.join(' > ')}`)
    })

  fault
    .command('revert [id]')
    .description("take one fault back, or 'all' (the default)")
    .option('--name <name>', 'which lab', 'default')
    .option('--json', 'print JSON')
    .action(async (id: string | undefined, flags: { name: string; json?: boolean }) => {
      await requireLab()
      const found = await Lab.attach({ name: flags.name })
      const gone = id === undefined || id === 'all' ? await revertAll(found) : [await revertFault(found, id)]
      const rows = gone.map(({ id: record, fault: kind }) => ({ id: record, fault: kind }))
      print(flags.json ? JSON.stringify(rows) : `${rows.length} reverted`)
    })
}
