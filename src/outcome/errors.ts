import type { ExitCode } from './exit-codes.ts'
import type { ErrorReport, Outcome } from './outcome.ts'

/** What was being done at a node's door when an error ended it: logging in, or getting a program to begin. */
export type Stage = 'login' | 'program'

/** What may accompany an error: next steps, and lines of somebody's log that explain it. */
export interface ErrorOptions {
  /** Where that decides what an error means; without it the class says enough. */
  readonly stage?: Stage
  readonly hints?: readonly string[]
  readonly detail?: readonly string[]
  readonly cause?: unknown
}

/**
 * The root of every error akctl raises on purpose. Anything else that reaches the top is a bug (exit 70).
 * The message says what happened and where; the hints say what to do next.
 */
export abstract class AkctlError extends Error {
  abstract readonly kind: string
  abstract readonly exit: ExitCode
  readonly hints: readonly string[]
  readonly detail: readonly string[]
  readonly stage: Stage | undefined

  constructor(message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.hints = options.hints ?? []
    this.detail = options.detail ?? []
    this.stage = options.stage
  }
}

/** Wrong usage, or an answer that only a terminal could have given. Found before any node is touched. */
export class UsageError extends AkctlError {
  readonly kind = 'usage'
  readonly exit = 2
}

/** No such node, key, profile or setting; or a selection that matches nothing. */
export class NotFoundError extends AkctlError {
  readonly kind = 'not-found'
  readonly exit = 9
}

/** The local store can't be read or written: broken content, no rights, a full disk. */
export class StoreError extends AkctlError {
  readonly kind = 'store'
  readonly exit = 1
}

/** Another process holds a lock of the local store. */
export class LockedError extends AkctlError {
  readonly kind = 'store-locked'
  readonly exit = 8
}

/** An error that belongs to one node and decides its outcome. */
export abstract class NodeError extends AkctlError {
  abstract readonly outcome: Outcome
}

/** The order was carried out and did not succeed; the node says why. */
export class FailedError extends NodeError {
  readonly kind = 'failed'
  readonly outcome = 'failed'
  readonly exit = 1
}

/** No connection could be made, or it broke before a changing order was sent. */
export class UnreachableError extends NodeError {
  readonly kind = 'unreachable'
  readonly outcome = 'unreachable'
  readonly exit = 4
}

/** No answer in time while reading, or before a changing order was sent. */
export class TimeoutError extends NodeError {
  readonly kind = 'timeout'
  readonly outcome = 'timeout'
  readonly exit = 4
}

/** The identity of an endpoint is not known, or is not the known one. No credential was sent. */
export class UntrustedError extends NodeError {
  readonly kind = 'untrusted'
  readonly outcome = 'untrusted'
  readonly exit = 5
}

/** Login, key or sudo refused. */
export class UnauthorizedError extends NodeError {
  readonly kind = 'unauthorized'
  readonly outcome = 'unauthorized'
  readonly exit = 6
}

/** A changing order was sent and its end was not seen. Never reported as success, never repeated blindly. */
export class UnknownOutcomeError extends NodeError {
  readonly kind = 'unknown'
  readonly outcome = 'unknown'
  readonly exit = 7
}

/** Somebody else changed the node, or is changing it now. */
export class ConflictError extends NodeError {
  readonly kind: 'conflict' | 'locked' = 'conflict'
  readonly outcome = 'conflict'
  readonly exit = 8
}

/** Somebody else is at work on the node, or keeps it by a lease; or the lease that this run kept is gone. */
export class NodeLockedError extends ConflictError {
  override readonly kind = 'locked'
}

/** The user, or `--max-fail`, ended the run before this node was started or finished. */
export class CancelledError extends NodeError {
  readonly kind = 'cancelled'
  readonly outcome = 'cancelled'
  readonly exit = 130
}

/** The node was left out on purpose after earlier failures. */
export class SkippedError extends NodeError {
  readonly kind = 'skipped'
  readonly outcome = 'skipped'
  readonly exit = 1
}

/** What akctl prints of any thrown value; a value that is no AkctlError is a bug. */
export function reportOf(error: unknown): ErrorReport {
  if (error instanceof AkctlError) {
    const detail = error.detail.length > 0 ? { detail: error.detail } : {}
    return { kind: error.kind, message: error.message, hints: error.hints, ...detail }
  }
  const message = error instanceof Error ? error.message : String(error)
  const stack = error instanceof Error && error.stack !== undefined ? { detail: error.stack.split('\n').slice(1, 6) } : {}
  return { kind: 'bug', message: `bug in akctl: ${message}`, hints: ['please report it with the command you typed'], ...stack }
}

/** The exit code of any thrown value. */
export function exitOfError(error: unknown): ExitCode {
  return error instanceof AkctlError ? error.exit : 70
}
