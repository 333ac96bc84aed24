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
  /** Passes nothing on any more, without ending anything: what a dead firewall does. */
  freeze(): void
  stop(): Promise<void>
}

/** Starts a proxy to a port of 127.0.0.1. */
export function startProxy(target: number): Promise<TcpProxy> {
  return new Promise((resolve, reject) => {
    const pairs = new Set<readonly [Socket, Socket]>()
    const state = { sent: 0, received: 0, frozen: false }
    const server: Server = createServer((client) => {
      const upstream = connect(target, '127.0.0.1')
      pairs.add([client, upstream])
      join(client, upstream, state, (size) => (state.sent += size))
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

function join(from: Socket, to: Socket, state: { readonly frozen: boolean }, count: (size: number) => void): void {
  from.on('data', (chunk: Buffer) => {
    count(chunk.length)
    if (!state.frozen) to.write(chunk)
  })
  from.on('end', () => !state.frozen && to.end())
  from.on('error', () => to.destroy())
}
