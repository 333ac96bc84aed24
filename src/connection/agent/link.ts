import type { TLSSocket } from 'node:tls'
import Client from 'undici/lib/dispatcher/client.js'

/** Milliseconds until an idle connection is given up; one command asks again within that, or never. */
const IDLE = 30_000

/** Milliseconds after which a connection may have been given up by the other side without our knowing. */
const FRESH = 1000

/** One HTTP connection to an agent, made again when it is gone; every one of them is verified before anything is sent. */
export class AgentLink {
  /** Sends requests, one at a time. */
  readonly client: InstanceType<typeof Client>
  private ready: TLSSocket | undefined
  private used: TLSSocket | undefined
  private opening: Promise<void> | undefined
  private since = 0

  /**
   * @param origin `https://host:port`
   * @param open makes a verified connection
   */
  constructor(
    origin: string,
    private readonly open: () => Promise<TLSSocket>,
  ) {
    this.client = new Client(origin, {
      pipelining: 1,
      maxCachedSessions: 0,
      keepAliveTimeout: IDLE,
      connect: (_, callback) => {
        this.take().then(
          (socket) => callback(null, socket),
          (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), null),
        )
      },
    })
  }

  /** Makes sure that there is a verified connection; only then may a credential be read. @throws what `open` does */
  async verified(): Promise<void> {
    if (isLive(this.used) || isLive(this.ready)) return
    this.opening ??= this.prepare()
    await this.opening
  }

  /** Whether the connection is so old that the other side may have given it up already. */
  get stale(): boolean {
    return performance.now() - this.since > FRESH
  }

  /** Ends it at once; never throws. */
  async destroy(): Promise<void> {
    this.ready?.destroy()
    await this.client.destroy()
  }

  private async prepare(): Promise<void> {
    try {
      this.ready = await this.open()
      this.since = performance.now()
    } finally {
      this.opening = undefined
    }
  }

  /** The connection for the client: the prepared one while it lives, else a new one. */
  private async take(): Promise<TLSSocket> {
    const { ready } = this
    this.ready = undefined
    this.used = undefined
    if (ready === undefined || !isLive(ready)) {
      this.used = await this.open()
      this.since = performance.now()
    } else this.used = ready
    return this.used
  }
}

function isLive(socket: TLSSocket | undefined): boolean {
  return socket !== undefined && !socket.destroyed && socket.readable
}
