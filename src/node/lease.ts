/** Seconds that a lease outlives the last sign of life of whoever keeps it. */
export const LEASE_TTL = 60

/** Whose run it is, as leases on nodes tell others. Made once a run. */
export interface Runner {
  /** One for the whole run, on every node. */
  readonly id: string
  readonly host: string
  readonly pid: number
  /** The page of the CI job. */
  readonly job?: string
}

/** What a changing order claims on its node, besides who sends it and why. */
export interface LeaseClaim extends Runner {
  /** What is being done: `mta sync`. */
  readonly operation: string
  /** Seconds until a lease that is kept expires, unless it is renewed. */
  readonly ttl: number
  /** The lease stays when the order is over; else it goes with it. */
  readonly keep: boolean
  /** An earlier order of this run has kept it: if it is gone, the order is refused. */
  readonly held: boolean
}

/** Who is at work on a node, or keeps it between two orders. */
export interface Lease extends Runner {
  readonly by: string
  readonly operation: string
  readonly reason: string
  /** Seconds since 1970 on the node's clock. */
  readonly taken: number
  /** The same; without meaning while it is not kept: then it ends with the order that is at work. */
  readonly until: number
  readonly kept: boolean
}

/** What a node tells of its lease. */
export interface LeaseState {
  /** The node's clock, seconds since 1970. */
  readonly clock: number
  readonly lease?: Lease
}

/** The page of the CI job that akctl runs in, by the variables of GitLab and GitHub. */
export function ciJobUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { CI_JOB_URL: gitlab, GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env
  if (gitlab !== undefined && gitlab !== '') return gitlab
  return server !== undefined && repository !== undefined && run !== undefined
    ? `${server}/${repository}/actions/runs/${run}`
    : undefined
}
