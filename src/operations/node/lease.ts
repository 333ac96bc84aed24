import { LEASE_TTL, type LeaseClaim } from '../../node/lease.ts'
import { NodeLockedError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'

/** What an order claims whose lease goes with it. @param operation `mta sync` */
export function claimOf(context: Context, operation: string): LeaseClaim {
  return { ...context.runner, operation, ttl: LEASE_TTL, keep: false, held: false }
}

/** A refusal because of a lease, with the node's name in the commands it tells: the node does not know how it is called here. */
export function namingNode(error: unknown, name: string): unknown {
  if (!(error instanceof NodeLockedError)) return error
  const hints = error.hints.map((hint) => hint.replaceAll(/\bNODE\b/g, name))
  return new NodeLockedError(error.message, { hints, detail: error.detail, cause: error })
}
