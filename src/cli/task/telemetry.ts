import { rename, writeFile } from 'node:fs/promises'
import { type ErrorCode, fromUnknown, meshSwarmError } from '../../core/index.ts'
import { Metrics, traceToFile } from '../../telemetry/index.ts'

export interface TelemetryFlags {
  readonly trace?: string
  readonly metrics?: string
}

/**
 * Does the work and writes the trace and the metrics of it that were asked for, however it ends. Rejects like
 * `traceToFile`, and INVALID_INPUT for a metrics file that cannot be written: then nothing has been done. Rejects
 * UNAVAILABLE where not all could be written at the end.
 */
export async function withTelemetry<T>(
  flags: TelemetryFlags,
  work: (metrics: Metrics | undefined) => Promise<T>,
): Promise<T> {
  const { metrics: file } = flags
  if (file === undefined) return withTrace(flags, () => work(undefined))
  const metrics = await Metrics.open()
  await writeWhole(file, metrics, 'INVALID_INPUT')
  try {
    return await withTrace(flags, () => work(metrics))
  } finally {
    await writeWhole(file, metrics, 'UNAVAILABLE')
  }
}

async function withTrace<T>({ trace }: TelemetryFlags, work: () => Promise<T>): Promise<T> {
  if (trace === undefined) return work()
  const file = await traceToFile(trace)
  try {
    return await work()
  } finally {
    await file.close()
  }
}

/** At no moment is there half a file: whoever collects them may look at any time. */
async function writeWhole(file: string, metrics: Metrics, failure: ErrorCode): Promise<void> {
  try {
    await writeFile(`${file}.new`, await metrics.text())
    await rename(`${file}.new`, file)
  } catch (error) {
    const why = fromUnknown(error).message
    throw meshSwarmError(failure, `${file} cannot be written: ${why}`, { cause: error })
  }
}
