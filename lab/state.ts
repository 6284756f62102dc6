import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabPlan } from './plan.ts'

/** Who made a lab: the start time tells a process from a later one with the same number. */
export interface Owner {
  readonly pid: number
  readonly startTime: string
}

/** What the lab remembers about itself, written before anything is made. The product never reads it. */
export interface LabState {
  readonly version: 1
  readonly plan: LabPlan
  readonly owner: Owner
  /** A kept lab outlives its maker; another one is torn down with it. */
  readonly keep: boolean
  readonly ready: boolean
}

/** The lab's own files, faults included: apart from the inventory, which is all that the product is given. */
export function privateDir(stateDir: string): string {
  return join(stateDir, 'private')
}

function stateFile(stateDir: string): string {
  return join(privateDir(stateDir), 'lab.json')
}

/** Whole or not at all, also when this process dies in between. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  const draft = `${path}.${process.pid}.new`
  await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`)
  await rename(draft, path)
}

export async function writeState(state: LabState): Promise<void> {
  const { stateDir } = state.plan
  await mkdir(privateDir(stateDir), { recursive: true })
  await mkdir(join(stateDir, 'run'), { recursive: true })
  await writeJson(stateFile(stateDir), state)
}

/** Undefined where there is no lab, or none that can be read. */
export async function readState(stateDir: string): Promise<LabState | undefined> {
  try {
    const state = JSON.parse(await readFile(stateFile(stateDir), 'utf8')) as LabState
    return state.version === 1 ? state : undefined
  } catch {
    return undefined
  }
}

export async function removeState(stateDir: string): Promise<void> {
  await rm(stateDir, { recursive: true, force: true })
}

export async function currentOwner(): Promise<Owner> {
  return { pid: process.pid, startTime: (await startTimeOf(process.pid)) ?? '' }
}

export async function isAlive(owner: Owner): Promise<boolean> {
  return (await startTimeOf(owner.pid)) === owner.startTime
}

/** Field 22 of /proc/PID/stat, undefined where the process is gone, or is only a zombie that nobody has buried. */
async function startTimeOf(pid: number): Promise<string | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  const fields = line?.slice(line.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] === 'Z' ? undefined : fields?.at(19)
}
