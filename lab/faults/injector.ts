import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { meshSwarmError } from '../../src/core/index.ts'
import type { Lab } from '../lab.ts'
import { privateDir, writeJson } from '../state.ts'
import { applyStep, undoStep } from './apply.ts'
import { faultKind, stepsOf } from './catalogue.ts'
import type { FaultTarget } from './kinds.ts'
import type { FaultStep } from './steps.ts'

/** A fault on the books: written before it strikes, removed once it is undone. */
export interface FaultRecord {
  readonly id: string
  readonly fault: string
  readonly target: FaultTarget
  /** Wall clock, ms. */
  readonly injectedAt: number
  readonly steps: readonly FaultStep[]
}

export interface InjectedFault {
  readonly record: FaultRecord
  /** Takes the fault back; other faults stay. A second call does nothing. */
  revert(): Promise<void>
}

function folder(lab: Lab): string {
  return join(privateDir(lab.plan.stateDir), 'faults')
}

/**
 * Lets a fault strike. On failure what was done is undone, and it rejects with INVALID_INPUT (unknown fault or
 * target) or UNAVAILABLE. Once it has begun it cannot be aborted: half a fault helps nobody.
 */
export async function injectFault(lab: Lab, id: string, target: FaultTarget): Promise<InjectedFault> {
  const tag = `ms_${randomBytes(4).toString('hex')}`
  const steps = stepsOf(faultKind(id), lab, target, tag)
  if (steps.length === 0) throw meshSwarmError('INVALID_INPUT', `${id} finds nothing to strike at its target`)
  const draft = { id: tag.slice(3), fault: id, target, steps }
  await mkdir(folder(lab), { recursive: true })
  const path = join(folder(lab), `${draft.id}.json`)
  await writeJson(path, { ...draft, injectedAt: Date.now() })
  const done: FaultStep[] = []
  try {
    for (const step of steps) {
      await applyStep(lab, step)
      done.push(step)
    }
  } catch (error) {
    for (const step of done.reverse()) await undoStep(lab, step)
    await rm(path, { force: true })
    throw error
  }
  const record: FaultRecord = { ...draft, injectedAt: Date.now() }
  await writeJson(path, record)
  return { record, revert: () => revertRecord(lab, record) }
}

/** The faults that are active, oldest first, whichever process injected them. */
export async function activeFaults(lab: Lab): Promise<FaultRecord[]> {
  const names = await readdir(folder(lab)).catch(() => [])
  const records: FaultRecord[] = []
  for (const name of names.filter((file) => file.endsWith('.json'))) {
    const text = await readFile(join(folder(lab), name), 'utf8').catch(() => undefined)
    if (text !== undefined) records.push(JSON.parse(text) as FaultRecord)
  }
  return records.sort((a, b) => a.injectedAt - b.injectedAt)
}

/** Reverts one fault by id. Rejects with INVALID_INPUT where none has it. */
export async function revertFault(lab: Lab, id: string): Promise<FaultRecord> {
  const record = (await activeFaults(lab)).find((fault) => fault.id === id)
  if (!record) throw meshSwarmError('INVALID_INPUT', `no active fault '${id}'; see: meshswarm lab status`)
  await revertRecord(lab, record)
  return record
}

export async function revertAll(lab: Lab): Promise<FaultRecord[]> {
  const records = await activeFaults(lab)
  for (const record of records.toReversed()) await revertRecord(lab, record)
  return records
}

/** Background loops are written last and end first, so that nothing comes back behind the undo. */
async function revertRecord(lab: Lab, record: FaultRecord): Promise<void> {
  const loops = record.steps.filter((step) => step.kind === 'background')
  const rest = record.steps.filter((step) => step.kind !== 'background')
  for (const step of [...loops, ...rest.toReversed()]) await undoStep(lab, step)
  await rm(join(folder(lab), `${record.id}.json`), { force: true })
}
