import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A TCP proxy on 127.0.0.1 that can hurt the links that pass through it. */
export interface TcpProxy {
  readonly port: number
  /** Bytes that passed from the client so far. */
  readonly sent: number
  /** Bytes that passed from the server so far. */
  readonly received: number
  /** Ends all links at once with a reset. */
  cut(): void
  /** Keeps what clients send from now on, as a network does that has lost its way for a while. */
  hold(): void
  /** Passes on what was kept, whether its sender is still there or not. */
  release(): void
  /** Passes nothing on any more, without ending anything: what a dead firewall does. */
  freeze(): void
  stop(): Promise<void>
}

/** Starts a proxy to a port of 127.0.0.1. */
export function startProxy(target: number): Promise<TcpProxy> {
  return new Promise((resolve, reject) => {
    const pairs = new Set<readonly [Socket, Socket]>()
    const state = { sent: 0, received: 0, frozen: false, held: undefined as (() => void)[] | undefined }
    const server: Server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1')
      pairs.add([client, upstream])
      const later = (pass: () => void): unknown => (state.held === undefined ? pass() : state.held.push(pass))
      join(client, upstream, state, (size) => (state.sent += size), later)
      join(upstream, client, state, (size) => (state.received += size))
    })
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      resolve({
        port: (server.address() as AddressInfo).port,
        get sent() {
          return state.sent
        },
        get received() {
          return state.received
        },
        cut: () => pairs.forEach((pair) => pair.forEach((socket) => socket.resetAndDestroy())),
        hold: () => (state.held ??= []),
        release: () => {
          const held = state.held ?? []
          state.held = undefined
          for (const pass of held) pass()
        },
        freeze: () => {
          state.frozen = true
          pairs.forEach((pair) => pair.forEach((socket) => socket.pause()))
        },
        stop: () => {
          pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()))
          return new Promise((done) => server.close(() => done()))
        },
      })
    })
  })
}

function join(
  from: Socket,
  to: Socket,
  state: { readonly frozen: boolean },
  count: (size: number) => void,
  later: (pass: () => void) => unknown = (pass) => pass(),
): void {
  from.on('data', (chunk: Buffer) => {
    count(chunk.length)
    if (!state.frozen) later(() => to.write(chunk))
  })
  from.on('end', () => !state.frozen && later(() => to.end()))
  from.on('error', () => later(() => to.destroy()))
}
