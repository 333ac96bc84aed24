/** What the setting mta-observer becomes on every MTA. */
export const OBSERVER =
  "akctl's own: nothing on the node changes; `akctl mta watch`, on the machine where it runs, restarts this MTA when it does not run or does not listen"
