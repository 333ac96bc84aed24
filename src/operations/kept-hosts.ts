import type { Host, HostFeed, RunOptions, RunResult } from '../connection/host.ts'
import type { NodeRecord } from '../node/record.ts'
import type { ShellText } from '../script/program.ts'

/** SSH connections that may lie open at the same time without being used: each has a socket and about 100 KB of memory. */
const MOST = 512

/**
 * Hosts that a run comes back to: closed, they keep their connections for the next time, until `end`. A login costs both
 * sides more than what is then asked. One that was lost meanwhile is made anew by the host itself.
 */
export class KeptHosts {
  private readonly idle = new Map<string, Host>()
  private ended = false

  constructor(private readonly most = MOST) {}

  /** The node's host, from before or made now; used by nobody else until it is closed. @param make called without one from before */
  async take(node: NodeRecord, make: () => Promise<Host>): Promise<Host> {
    const key = reachOf(node)
    const kept = this.idle.get(key)
    this.idle.delete(key)
    return new LentHost(kept ?? (await make()), (host) => this.giveBack(key, host))
  }

  /** Closes what is not in use; what is, is closed when it is given back. Never throws. */
  async end(): Promise<void> {
    this.ended = true
    const hosts = [...this.idle.values()]
    this.idle.clear()
    await Promise.all(hosts.map((host) => host.close()))
  }

  private async giveBack(key: string, host: Host): Promise<void> {
    if (this.ended || this.idle.has(key) || this.idle.size >= this.most) await host.close()
    else this.idle.set(key, host)
  }
}

/** A host that is given back instead of closed. */
class LentHost implements Host {
  private back: Promise<void> | undefined

  constructor(
    private readonly host: Host,
    private readonly giveBack: (host: Host) => Promise<void>,
  ) {}

  get label(): string {
    return this.host.label
  }

  run(program: ShellText, options: RunOptions): Promise<RunResult> {
    return this.host.run(program, options)
  }

  feed(program: ShellText, options: { readonly signal?: AbortSignal }): Promise<HostFeed> {
    return this.host.feed(program, options)
  }

  close(): Promise<void> {
    return (this.back ??= this.giveBack(this.host))
  }
}

/** Everything that decides where a connection goes, and as whom. */
function reachOf({ id, name, host, port, user, key, jump, sudo }: NodeRecord): string {
  return JSON.stringify([id, name, host, port, user, key, jump, sudo])
}
