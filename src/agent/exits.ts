/** How the agent's program ends, as sysexits(3) numbers them. */
export const EXIT = {
  ok: 0,
  /** It could not start, or a second one was started: the message says why. */
  failed: 1,
  usage: 64,
  bug: 70,
  config: 78,
} as const

/** Why an agent could not start, for the person who started it. */
export class StartError extends Error {
  /** @param exit one of EXIT */
  constructor(
    message: string,
    readonly exit: number = EXIT.failed,
  ) {
    super(message)
    this.name = 'StartError'
  }
}

/** The words of an error of the system or of ours. */
export function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
