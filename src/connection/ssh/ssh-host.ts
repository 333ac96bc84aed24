import { UnreachableError } from '../../outcome/errors.ts'
import type { Host, HostFeed, RunOptions, RunResult } from '../host.ts'
import type { IdentityPolicy, SshTarget, SshTimeouts } from './target.ts'

/** A machine behind SSH (ssh2): connects at the first run, one exec channel a program. */
export class SshHost implements Host {
  readonly label: string

  constructor(
    private readonly target: SshTarget,
    private readonly policy: IdentityPolicy,
    private readonly timeouts: SshTimeouts,
  ) {
    this.label = `${target.name} (${target.user}@${target.host}:${target.port})`
  }

  run(program: string, options: RunOptions): Promise<RunResult> {
    ;[program, options, this.policy, this.timeouts]
    return Promise.reject(new UnreachableError(`${this.label}: no SSH yet`))
  }

  feed(): Promise<HostFeed> {
    return Promise.reject(new UnreachableError(`${this.label}: no SSH yet`))
  }

  close(): Promise<void> {
    return Promise.resolve()
  }
}
