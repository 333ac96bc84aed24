import type { ShellText } from '../script/program.ts'

/** How a program on a node ended. A `cut` or `timeout` says nothing about what the program did. */
export type End =
  | { readonly kind: 'exit'; readonly status: number }
  | { readonly kind: 'signal'; readonly signal: string }
  | { readonly kind: 'cut'; readonly why: string }
  | { readonly kind: 'timeout'; readonly seconds: number }

/** Everything a program gave back. `stdout` and `stderr` are capped by the host. */
export interface RunResult {
  readonly end: End
  readonly stdout: string
  readonly stderr: string
  /** True when output beyond the cap was dropped. */
  readonly overflow: boolean
}

export interface RunOptions {
  readonly payload?: Uint8Array
  /** Seconds until the run counts as `timeout`. */
  readonly timeout: number
  readonly signal?: AbortSignal
}

/** A followed program: its lines, until it ends or `close` is called (which ends its stdin and so the program). */
export interface HostFeed {
  readonly lines: AsyncIterable<string>
  close(): Promise<void>
}

/** What runs a program on a node: this machine, or a machine behind SSH. One round trip a run. */
export interface Host {
  /** Where programs run, for messages: `mx1 (root@203.0.113.5:22)`. */
  readonly label: string
  /**
   * Runs one program (see `programOf`). Rejects only when it was certainly not started:
   * @throws {@link UnreachableError}, {@link UntrustedError}, {@link UnauthorizedError}, {@link TimeoutError}, {@link CancelledError}
   */
  run(program: ShellText, options: RunOptions): Promise<RunResult>
  /** Starts a program and reads its stdout by lines. @throws as `run` */
  feed(program: ShellText, options: { readonly signal?: AbortSignal }): Promise<HostFeed>
  /** Ends the connection; never throws. */
  close(): Promise<void>
}
