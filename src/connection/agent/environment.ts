import { UsageError } from '../../outcome/errors.ts'

/** @throws UsageError for an environment that tells Node.js to verify nothing: no connection is made under it */
export function refuseUnsafe(env: Readonly<Record<string, string | undefined>>): void {
  if (env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return
  throw new UsageError(
    'NODE_TLS_REJECT_UNAUTHORIZED=0 is set: it asks for connections without verification, and akctl makes none',
    {
      hints: ['take it out of the environment: unset NODE_TLS_REJECT_UNAUTHORIZED'],
    },
  )
}
