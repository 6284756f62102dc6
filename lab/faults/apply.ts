import { ensureDaemon } from '../daemons.ts'
import type { Lab } from '../lab.ts'
import { daemonIn, processesIn, signalPid } from '../processes.ts'
import { launch, runIn } from '../run.ts'
import { babelStatements } from '../socket.ts'
import type { FaultStep } from './steps.ts'

/** Makes the change. Rejects with UNAVAILABLE where it cannot; then nothing was changed by this step. */
export async function applyStep(lab: Lab, step: FaultStep): Promise<void> {
  switch (step.kind) {
    case 'nft':
      await runIn(step.netns, ['nft', '-f', '-'], {
        input: `table ${step.family} ${step.table} {\n${step.chains}\n}\n`,
      })
      return
    case 'qdisc':
      await tc(step.netns, `qdisc add dev ${step.device} root ${step.spec}`)
      return
    case 'link-down':
      await runIn(step.netns, ['ip', 'link', 'set', step.device, 'down'])
      return
    case 'forwarding-off':
      await forwarding(step.netns, '0')
      return
    case 'kill-daemon':
    case 'stop-daemon': {
      const daemon = await daemonIn(step.netns)
      if (daemon) signalPid(daemon.pid, step.kind === 'kill-daemon' ? 'SIGKILL' : 'SIGSTOP')
      return
    }
    case 'background': {
      const log = lab.plan.nodes.find((node) => node.netns === step.netns)?.log ?? '/dev/null'
      launch(['nsenter', `--net=/run/netns/${step.netns}`, 'sh', '-c', step.script, step.tag], log)
      return
    }
    case 'add-address':
      await runIn(step.netns, ['ip', 'addr', 'add', `${step.address}/128`, 'dev', 'lo', 'nodad'])
      return
    case 'rxcost':
      await setCost(step.socket, step.device, step.rxcost)
  }
}

/**
 * Takes the change back, whatever happened since: what somebody else repaired, restarted or removed is left as it
 * is. Undoing twice, or what was never done, is no error.
 */
export async function undoStep(lab: Lab, step: FaultStep): Promise<void> {
  switch (step.kind) {
    case 'nft':
      await runIn(step.netns, ['nft', 'delete', 'table', step.family, step.table], { accept: [1] })
      return
    case 'qdisc':
      await runIn(step.netns, ['tc', 'qdisc', 'del', 'dev', step.device, 'root'], { accept: [1, 2] })
      return
    case 'link-down':
      await runIn(step.netns, ['ip', 'link', 'set', step.device, 'up'])
      return
    case 'forwarding-off':
      await forwarding(step.netns, '1')
      return
    case 'kill-daemon':
      await ensureDaemon(lab.node(step.node))
      return
    case 'stop-daemon': {
      const daemon = await daemonIn(step.netns)
      if (daemon?.state === 'T') signalPid(daemon.pid, 'SIGCONT')
      return
    }
    case 'background':
      await endBackground(step.netns, step.tag)
      return
    case 'add-address':
      await runIn(step.netns, ['ip', 'addr', 'del', `${step.address}/128`, 'dev', 'lo'], { accept: [2] })
      return
    case 'rxcost':
      await restoreCost(step.socket, step.device, step.rxcost, step.previous)
  }
}

async function tc(netns: string, line: string): Promise<void> {
  await runIn(netns, ['tc', ...line.split(' ')])
}

async function forwarding(netns: string, value: '0' | '1'): Promise<void> {
  await runIn(netns, ['sh', '-c', `echo ${value} > /proc/sys/net/ipv6/conf/all/forwarding`])
}

async function endBackground(netns: string, tag: string): Promise<void> {
  const processes = (await processesIn([netns])).get(netns) ?? []
  for (const { pid, command } of processes) {
    // The script leads its own process group: its sleep goes with it.
    if (command.endsWith(` ${tag}`)) signalPid(-pid, 'SIGKILL')
  }
}

/** A changed rxcost takes effect only on an interface that is dropped and added again. */
async function setCost(socket: string, device: string, rxcost: number): Promise<void> {
  await babelStatements(socket, [`flush interface ${device}`, `interface ${device} rxcost ${rxcost}`])
}

async function restoreCost(socket: string, device: string, wrong: number, right: number): Promise<void> {
  const lines = (await babelStatements(socket, ['dump']).catch(() => [[]])).flat()
  const stillWrong = lines.some(
    (line) =>
      /^add neighbour /.test(line) && line.includes(` if ${device} `) && line.includes(` rxcost ${wrong} `),
  )
  if (stillWrong) await setCost(socket, device, right)
}
