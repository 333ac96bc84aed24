import type { Fields } from '../../script/fields.ts'
import type { Lease, LeaseClaim } from '../../node/lease.ts'

/** Who claims a lease, and for what. */
export interface Claimant {
  readonly by: string
  readonly reason: string
  readonly lease: LeaseClaim
}

/** A claim as claim.sh reads it: a line for the script, then the lines of the lease. */
export function claimText({ by, reason, lease }: Claimant): string {
  const { id, ttl, keep, held, host, pid, job, operation } = lease
  const lines = { id, by, host, pid: String(pid), ...(job === undefined ? {} : { job }), operation, reason }
  const text = Object.entries(lines).map(([key, value]) => `${key}=${oneLine(value)}\n`)
  return `${id} ${ttl} ${keep ? 'yes' : 'no'} ${held ? 'yes' : 'no'}\n${text.join('')}`
}

/** The lease in an answer; undefined when there is none. */
export function readLease(fields: Fields): Lease | undefined {
  const id = fields.optional('lease.id')
  if (id === undefined) return undefined
  const text = (name: string): string => fields.optional(`lease.${name}`) ?? ''
  const number = (name: string): number => fields.integer(`lease.${name}`) ?? 0
  const job = fields.optional('lease.job')
  return {
    id,
    by: text('by'),
    host: text('host'),
    pid: number('pid'),
    ...(job === undefined ? {} : { job }),
    operation: text('operation'),
    reason: text('reason'),
    taken: number('taken'),
    until: number('until'),
    kept: fields.flag('lease.kept'),
  }
}

/** A value of the lease is the rest of a line. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
}
