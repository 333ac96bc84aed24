import type { ShownIdentity } from '../../node/trust.ts'
import { UnreachableError } from '../../outcome/errors.ts'
import type { IdentityPolicy, SshEndpoint, SshTimeouts } from './target.ts'

/** The way to an endpoint behind a jump host: there one has to log in, so its identity is checked first. */
export interface Via {
  readonly jump: SshEndpoint
  readonly policy: IdentityPolicy
}

/**
 * Every host key an endpoint shows, one a type it has, without any authentication attempt there.
 * @param at where: `{ host, port }`
 * @throws UnreachableError, TimeoutError, CancelledError; for a jump host also UntrustedError, UnauthorizedError
 */
export function shownIdentities(
  at: { readonly host: string; readonly port: number },
  timeouts: SshTimeouts,
  options: { readonly via?: Via; readonly signal?: AbortSignal } = {},
): Promise<readonly ShownIdentity[]> {
  ;[timeouts, options]
  return Promise.reject(new UnreachableError(`${at.host}: no SSH yet`))
}
