const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back once when the signal aborts, at once where it has, until the returned function is called. Of the many that
 * may listen to one signal Node knows a single one: it goes through all it knows to add one or to take one out.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  if (signal.aborted) {
    call()
    return () => undefined
  }
  const calls = listeners.get(signal) ?? listen(signal)
  // An object of its own: who listens twice is called twice.
  const own = () => call()
  calls.add(own)
  return () => calls.delete(own)
}

function listen(signal: AbortSignal): Set<() => void> {
  const calls = new Set<() => void>()
  listeners.set(signal, calls)
  const all = () => {
    for (const call of calls) call()
    calls.clear()
  }
  signal.addEventListener('abort', all, { once: true })
  return calls
}
