import type { Socket } from 'node:net'
import { networkOf } from './failure-limit.ts'

/** Open connections in all, and unproven ones of one address (a /64 of IPv6). */
export const CONNECTIONS = 512
export const UNPROVEN = 64

interface Connection {
  readonly socket: Socket
  readonly network: string
}

/**
 * The open connections. One that has shown no accepted key is unproven, and gives way to a newer one when there are too
 * many: a thousand silent connections cost their owner, not a client with a key.
 */
export class Connections {
  /** Oldest first, by `address port`. */
  private readonly unproven = new Map<string, Connection>()
  private readonly proven = new Map<string, Socket>()

  /** Counts a new connection in, and ends an older one, or this one, if there are too many. */
  add(socket: Socket): void {
    const name = nameOf(socket)
    const network = networkOf(socket.remoteAddress ?? '')
    // eslint-disable-next-line @typescript-eslint/no-empty-function -- errors are the TLS layer's; here nobody must die of one
    socket.on('error', () => {})
    this.unproven.set(name, { socket, network })
    socket.once('close', () => {
      if (this.unproven.get(name)?.socket === socket) this.unproven.delete(name)
      if (this.proven.get(name) === socket) this.proven.delete(name)
    })
    const ofNetwork = [...this.unproven].filter(([, connection]) => connection.network === network)
    if (ofNetwork.length > UNPROVEN) this.drop(ofNetwork[0]?.[0])
    if (this.unproven.size + this.proven.size > CONNECTIONS) this.drop(this.unproven.keys().next().value)
  }

  /** An accepted key came over this connection. */
  prove(socket: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined }): void {
    const name = nameOf(socket)
    const connection = this.unproven.get(name)
    if (connection === undefined) return
    this.unproven.delete(name)
    this.proven.set(name, connection.socket)
  }

  /** Ends those that have shown no accepted key. */
  endUnproven(): void {
    for (const { socket } of this.unproven.values()) socket.destroy()
  }

  private drop(name: string | undefined): void {
    if (name === undefined) return
    this.unproven.get(name)?.socket.destroy()
    this.unproven.delete(name)
  }
}

function nameOf(socket: { readonly remoteAddress?: string | undefined; readonly remotePort?: number | undefined }): string {
  return `${socket.remoteAddress ?? ''} ${socket.remotePort ?? ''}`
}
