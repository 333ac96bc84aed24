import type { AnyAuthMethod, AuthHandlerMiddleware } from 'ssh2'
import { type ErrorOptions, UnauthorizedError } from '../../outcome/errors.ts'
import { SafeAgent } from './ssh-agent.ts'
import type { Credential, SshEndpoint } from './target.ts'
import type { UnlockedKeys } from './unlocked-keys.ts'

/** Who logs in, and by what. */
export type LoginAs = Pick<SshEndpoint, 'user' | 'credential'>

/** What a login needs of the handshake it belongs to. */
export interface LoginHooks {
  /** Called before a key is fetched, as the user may be asked for its passphrase, and after. */
  readonly pause: () => void
  readonly resume: () => void
  /** Ends the handshake with an error. */
  readonly fail: (error: unknown) => void
}

/**
 * Logs in by the endpoint's one credential. ssh2 calls the handler only when the server has proved its identity, and
 * again when the server wants something else: then the login has failed. No question of the kind `none` is asked.
 */
export function loginHandler(label: string, endpoint: LoginAs, keys: UnlockedKeys, hooks: LoginHooks): AuthHandlerMiddleware {
  const { user } = endpoint
  let tried: Tried | undefined
  return (left, partial, next) => {
    if (tried !== undefined) {
      hooks.fail(refusal(label, user, tried, left, partial))
      return
    }
    hooks.pause()
    endpoint
      .credential()
      .then(async (credential) => {
        tried = await prepare(user, credential, keys)
        hooks.resume()
        next(tried.method)
      })
      .catch(hooks.fail)
  }
}

interface Tried {
  readonly credential: Credential
  readonly method: AnyAuthMethod
  readonly agent?: SafeAgent
}

async function prepare(username: string, credential: Credential, keys: UnlockedKeys): Promise<Tried> {
  if (credential.kind === 'agent') {
    const agent = new SafeAgent(credential.socket)
    return { credential, agent, method: { type: 'agent', username, agent } }
  }
  return { credential, method: { type: 'publickey', username, key: await keys.unlock(credential) } }
}

function refusal(
  label: string,
  user: string,
  tried: Tried,
  left: readonly string[] | null,
  partial: boolean | null,
): UnauthorizedError {
  const ways = left === null || left.length === 0 ? 'nothing else' : left.join(', ')
  if (partial === true) {
    return refused(`${label}: the server took the key and wants a second proof as well (${ways}), which akctl does not give`, {
      hints: ['let this user log in by key alone (AuthenticationMethods publickey in sshd_config)'],
    })
  }
  const detail = [`the server would take: ${ways}`]
  const { credential, agent } = tried
  if (credential.kind === 'key') {
    return refused(`${label}: the server refused the key ${credential.name} for ${user}`, {
      detail,
      hints: [
        `put its public line (akctl keys show ${credential.name}) into ~${user}/.ssh/authorized_keys on the server`,
        'if it is there: the server logs the reason (journalctl -u ssh)',
      ],
    })
  }
  if (agent?.problem !== undefined) {
    return refused(`${label}: the ssh-agent at ${credential.socket} did not help: ${agent.problem}`, {
      hints: ['is it running, and SSH_AUTH_SOCK right? ssh-add -l lists its keys'],
    })
  }
  const offered =
    agent?.count === 0 ? 'holds no key' : `offered ${agent?.count ?? 0} keys, and the server refused them all for ${user}`
  return refused(`${label}: the ssh-agent ${offered}`, {
    detail,
    hints: ['ssh-add KEYFILE', 'ssh-add -l lists its keys'],
  })
}

function refused(message: string, options: ErrorOptions): UnauthorizedError {
  return new UnauthorizedError(message, { ...options, stage: 'login' })
}
