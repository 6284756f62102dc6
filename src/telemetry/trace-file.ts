import { open } from 'node:fs/promises'
import { context, trace } from '@opentelemetry/api'
import type { SpanProcessor } from '@opentelemetry/sdk-trace'
import { fromUnknown, type MeshSwarmError, meshSwarmError } from '../core/index.ts'

export interface TraceFile {
  /** Ends the tracing. Rejects UNAVAILABLE where not all of it could be written. */
  close(): Promise<void>
}

/**
 * Traces this process into a file, behind what is there: a line of OTLP JSON a span, written when it ends, so that
 * what was done before a crash is there after it. Nothing goes over the network. Rejects INVALID_INPUT for a file
 * that cannot be written, CONFLICT where somebody has registered an SDK already. A disk that fails later stops nothing.
 */
export async function traceToFile(path: string): Promise<TraceFile> {
  // What few want nobody else has to load.
  const [{ TracerProvider }, { resourceFromAttributes }, { JsonTraceSerializer }, hooks] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/otlp-transformer'),
    import('@opentelemetry/context-async-hooks'),
  ])
  const file = await open(path, 'a', 0o600).catch((error) => Promise.reject(unwritable(path, error)))
  const lines = file.createWriteStream()
  let failure: MeshSwarmError | undefined
  lines.on('error', (error) => {
    failure ??= meshSwarmError('UNAVAILABLE', `The trace in ${path} is not whole: ${error.message}`)
  })
  const writer: SpanProcessor = {
    onStart: () => undefined,
    onEnd: (span) => void lines.write(`${Buffer.from(JsonTraceSerializer.serializeRequest([span]) ?? [])}\n`),
    forceFlush: async () => undefined,
    shutdown: async () => {
      lines.end()
      if (!lines.closed) await new Promise<void>((resolve) => lines.once('close', () => resolve()))
    },
  }
  const resource = resourceFromAttributes({ 'service.name': 'meshswarm' })
  const provider = new TracerProvider({ resource, spanProcessors: [writer] })
  if (!trace.setGlobalTracerProvider(provider)) {
    await provider.shutdown()
    throw meshSwarmError('CONFLICT', 'An OpenTelemetry SDK is registered already; it has the trace.')
  }
  context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable())
  return {
    close: async () => {
      trace.disable()
      context.disable()
      await provider.shutdown()
      if (failure) throw failure
    },
  }
}

function unwritable(path: string, error: unknown): MeshSwarmError {
  const text = `${path} cannot be written: ${fromUnknown(error).message}`
  return meshSwarmError('INVALID_INPUT', text, { cause: error })
}
