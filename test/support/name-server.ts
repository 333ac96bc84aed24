import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'

const TYPES: Readonly<Record<number, string>> = { 1: 'A', 15: 'MX', 28: 'AAAA' }

/** What a name has: its MX, its address, or `silence` (questions about it are never answered). */
export type Zone = Readonly<Record<string, { readonly mx?: string; readonly a?: string; readonly silence?: true } | undefined>>

/** A DNS server on UDP that answers from a small zone, and keeps what it was asked. */
export class NameServer {
  /** `TYPE name`, in the order of the questions. */
  readonly asked: string[] = []

  private constructor(
    private readonly socket: Socket,
    private readonly zone: Zone,
  ) {
    socket.on('message', (query, from) => this.answer(query, from))
  }

  /** Listens on port 53 of a loopback address. */
  static async listen(address: string, zone: Zone): Promise<NameServer> {
    const socket = createSocket('udp4')
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind(53, address, resolve)
    })
    return new NameServer(socket, zone)
  }

  /** How often this was asked: `MX example.test`. */
  count(question: string): number {
    return this.asked.filter((asked) => asked === question).length
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.socket.close(() => resolve()))
  }

  private answer(query: Buffer, from: RemoteInfo): void {
    const { name, end } = readName(query, 12)
    const type = TYPES[query.readUInt16BE(end)] ?? '?'
    this.asked.push(`${type} ${name}`)
    const entry = this.zone[name]
    if (entry?.silence === true) return
    const data =
      type === 'MX' && entry?.mx !== undefined ? mx(entry.mx) : type === 'A' && entry?.a !== undefined ? ip(entry.a) : undefined
    const question = query.subarray(12, end + 4)
    const flags = entry === undefined ? 0x8183 : 0x8180 // no such name; no error
    const head = words(query.readUInt16BE(0), flags, 1, data === undefined ? 0 : 1, 0, 0)
    // One record: the question's name by reference, its type and class, a life of 0 s, the data.
    const record = data && Buffer.concat([words(0xc00c), query.subarray(end, end + 4), words(0, 0, data.length), data])
    this.socket.send(Buffer.concat([head, question, ...(record === undefined ? [] : [record])]), from.port, from.address)
  }
}

function readName(message: Buffer, at: number): { readonly name: string; readonly end: number } {
  const labels: string[] = []
  let end = at
  for (let length = message[end] ?? 0; length > 0; length = message[end] ?? 0) {
    labels.push(message.toString('latin1', end + 1, end + 1 + length))
    end += length + 1
  }
  return { name: labels.join('.').toLowerCase(), end: end + 1 }
}

function mx(host: string): Buffer {
  const labels = host.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]))
  return Buffer.concat([words(10), ...labels, Buffer.from([0])])
}

function ip(address: string): Buffer {
  return Buffer.from(address.split('.').map(Number))
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 2)
  values.forEach((value, index) => buffer.writeUInt16BE(value, index * 2))
  return buffer
}
