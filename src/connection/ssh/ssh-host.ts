import { UnreachableError } from '../../outcome/errors.ts'
import { Packing } from '../../script/packing.ts'
import { commandLine, type ShellText } from '../../script/program.ts'
import type { Host, HostFeed, RunOptions, RunResult } from '../host.ts'
import type { IdentityPolicy } from '../identity-policy.ts'
import { feedProgram } from './feed-program.ts'
import { type Link, openLink } from './link.ts'
import { runProgram } from './run-program.ts'
import type { SshTarget, SshTimeouts } from './target.ts'
import { UnlockedKeys } from './unlocked-keys.ts'

/** What the hosts of one run have in common. */
export interface SshShared {
  /** A key is decrypted, and its passphrase asked for, once. */
  readonly keys: UnlockedKeys
  /** They run the same scripts. */
  readonly packing: Packing
}

export function newSshShared(): SshShared {
  return { keys: new UnlockedKeys(), packing: new Packing() }
}

/** A machine behind SSH (ssh2): connects at the first run, one exec channel a program, the same connection for all. */
export class SshHost implements Host {
  readonly label: string
  private opening: Promise<Link> | undefined
  private caller: { readonly signal: AbortSignal; readonly either: AbortSignal } | undefined
  private readonly closed = new AbortController()

  constructor(
    private readonly target: SshTarget,
    private readonly policy: IdentityPolicy,
    private readonly timeouts: SshTimeouts,
    private readonly shared: SshShared = newSshShared(),
  ) {
    this.label = `${target.name} (${target.user}@${target.host}:${target.port})`
  }

  run(program: ShellText, options: RunOptions): Promise<RunResult> {
    const signal = this.either(options.signal)
    return this.onLink(signal, (link) => runProgram(this.label, link, this.command(program), { ...options, signal }))
  }

  feed(program: ShellText, options: { readonly signal?: AbortSignal }): Promise<HostFeed> {
    const signal = this.either(options.signal)
    const limits = { signal, timeout: this.timeouts.connect }
    return this.onLink(signal, (link) => feedProgram(this.label, link, this.command(program), limits))
  }

  async close(): Promise<void> {
    const { opening } = this
    this.opening = undefined
    this.closed.abort()
    await opening?.then((link) => link.close()).catch(() => undefined)
  }

  /**
   * Aborted by the caller or by `close`. A signal of this host's own: a shared one may have only few listeners. Made
   * once for a caller: it is among the dearest things that a run does here.
   */
  private either(signal: AbortSignal | undefined): AbortSignal {
    const closed = this.closed.signal
    if (signal === undefined) return closed
    if (this.caller?.signal !== signal) this.caller = { signal, either: AbortSignal.any([signal, closed]) }
    return this.caller.either
  }

  private command(program: ShellText): string {
    return commandLine(this.shared.packing.pack(program), { sudo: this.target.sudo })
  }

  /**
   * Uses the connection. One that was made earlier may have died unnoticed; a rejection says that the program was not
   * started, so it is safe to connect anew and try once more.
   */
  private async onLink<T>(signal: AbortSignal, use: (link: Link) => Promise<T>): Promise<T> {
    const reused = this.opening !== undefined
    const link = await this.link(signal)
    try {
      return await use(link)
    } catch (error) {
      if (!reused || link.alive || !(error instanceof UnreachableError)) throw error
      return use(await this.link(signal))
    }
  }

  /** The connection, made at the first call and again when it was lost. */
  private async link(signal: AbortSignal): Promise<Link> {
    const { opening } = this
    if (opening !== undefined) {
      const link = await opening
      if (link.alive) return link
      if (this.opening === opening) this.opening = undefined
    }
    this.opening ??= this.open(signal)
    const mine = this.opening
    try {
      return await mine
    } catch (error) {
      if (this.opening === mine) this.opening = undefined
      throw error
    }
  }

  private async open(signal: AbortSignal): Promise<Link> {
    const { jump } = this.target
    const parts = { policy: this.policy, timeouts: this.timeouts, keys: this.shared.keys, signal }
    if (jump === undefined) return openLink(this.label, this.target, parts)
    const via = await openLink(`${this.target.name}'s jump host (${jump.user}@${jump.host}:${jump.port})`, jump, parts)
    try {
      return await openLink(this.label, this.target, parts, via)
    } catch (error) {
      await via.close()
      throw error
    }
  }
}
