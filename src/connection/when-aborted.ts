/** Calls when a signal is aborted, at once where it is already; `removeEventListener` takes it back. */
export function whenAborted(signal: AbortSignal | undefined, call: () => void): void {
  if (signal?.aborted === true) call()
  else signal?.addEventListener('abort', call, { once: true })
}
