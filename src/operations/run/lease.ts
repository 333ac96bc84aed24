import { LEASE_TTL, type LeaseClaim } from '../../node/lease.ts'
import type { Context } from '../context.ts'

/** What an order claims whose lease goes with it. @param operation `mta sync` */
export function claimOf(context: Context, operation: string): LeaseClaim {
  return { ...context.runner, operation, ttl: LEASE_TTL, keep: false, held: false }
}
