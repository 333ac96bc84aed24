import { readFileSync } from 'node:fs'
import { createConnection, createServer, type Server, type Socket } from 'node:net'
import { until } from './until.ts'

/** A mail that arrived in the sink. */
export interface SinkMail {
  readonly from: string
  readonly to: readonly string[]
  /** Header and body as sent, lines ended by \n, dots unstuffed. */
  readonly text: string
  /** The address the connection came from. */
  readonly client: string
  readonly helo: string
}

export interface SinkOptions {
  readonly host?: string
  /** 0, the default, takes any free port. */
  readonly port?: number
  /** `greeting`: accepts connections and never says a word. `data`: never answers the end of a mail. */
  readonly stall?: 'greeting' | 'data'
  /** Recipients with this in their address are refused for good. */
  readonly refuses?: string
  /** Answers by command (`RCPT`, `DATA`, `.` …) instead of 250: `{ RCPT: '550 5.1.1 nobody' }`. */
  readonly answers?: Readonly<Record<string, string>>
}

/** An SMTP server that keeps what it is sent, for looking at mail from outside. */
export class Sink {
  readonly mails: SinkMail[] = []
  /** Connections taken since the start, and those open now and at most. */
  connections = 0
  open = 0
  mostOpen = 0
  private readonly sockets = new Set<Socket>()

  private constructor(
    private readonly server: Server,
    private readonly options: SinkOptions,
  ) {
    server.on('connection', (socket) => this.serve(socket))
  }

  /** Listens; close it in afterAll. */
  static async listen(options: SinkOptions = {}): Promise<Sink> {
    const server = createServer()
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(options.port ?? 0, options.host ?? '127.0.0.1', resolve)
    })
    return new Sink(server, options)
  }

  get port(): number {
    const address = this.server.address()
    return typeof address === 'object' && address !== null ? address.port : 0
  }

  /** The first mail whose text has this in it, as soon as it is there. */
  find(part: string, seconds = 30): Promise<SinkMail> {
    return until(`a mail with "${part}" in the sink`, seconds, () => this.mails.find((mail) => mail.text.includes(part)))
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    return new Promise((resolve) => this.server.close(() => resolve()))
  }

  /**
   * The connections open at both ends, by the kernel's own list: a connection just closed by its client may still be in
   * `open` when the one after it is taken. Columns and states: proc_net_tcp.rst of the kernel (01 is ESTABLISHED).
   */
  private established(): number {
    const local = `:${this.port.toString(16).toUpperCase().padStart(4, '0')}`
    const rows = readFileSync('/proc/net/tcp', 'utf8').split('\n')
    return rows.map((row) => row.trim().split(/\s+/)).filter(([, here, , state]) => state === '01' && here?.endsWith(local))
      .length
  }

  private serve(socket: Socket): void {
    this.connections += 1
    this.open += 1
    this.mostOpen = Math.max(this.mostOpen, this.established())
    this.sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.open -= 1
      this.sockets.delete(socket)
    })
    if (this.options.stall === 'greeting') return
    new Session(socket, this.options, (mail) => this.mails.push(mail)).begin()
  }
}

/** One SMTP conversation. */
class Session {
  private buffer = ''
  private from = ''
  private to: string[] = []
  private helo = ''
  private inData = false

  constructor(
    private readonly socket: Socket,
    private readonly options: SinkOptions,
    private readonly keep: (mail: SinkMail) => void,
  ) {}

  begin(): void {
    this.socket.setEncoding('latin1')
    this.socket.on('data', (chunk: string) => {
      this.buffer += chunk
      this.consume()
    })
    this.answer('CONNECT', '220 sink ESMTP')
  }

  private consume(): void {
    for (;;) {
      const mark = this.inData ? /(?:^|\r\n)\.\r\n/.exec(this.buffer) : /\r\n/.exec(this.buffer)
      if (mark === null) return
      const part = this.buffer.slice(0, mark.index)
      this.buffer = this.buffer.slice(mark.index + mark[0].length)
      if (this.inData) this.mailDone(part)
      else this.command(part)
    }
  }

  private command(line: string): void {
    const word = (/^[A-Za-z]+/.exec(line)?.[0] ?? '').toUpperCase()
    const address = /<([^>]*)>/.exec(line)?.[1] ?? ''
    if (word === 'EHLO' || word === 'HELO') this.helo = line.slice(5).trim()
    if (word === 'MAIL') [this.from, this.to] = [address, []]
    const refused = word === 'RCPT' && this.options.refuses !== undefined && address.includes(this.options.refuses)
    const usual = refused ? '550 5.1.1 nobody' : word === 'DATA' ? '354 go on' : word === 'QUIT' ? '221 bye' : '250 ok'
    const said = this.answer(word, usual)
    if (word === 'RCPT' && said.startsWith('2')) this.to.push(address)
    if (word === 'DATA' && said.startsWith('354')) this.inData = true
    if (word === 'QUIT') this.socket.end()
  }

  private mailDone(data: string): void {
    this.inData = false
    const text = data.replaceAll('\r\n', '\n').replaceAll(/^\./gm, '')
    if (this.options.stall === 'data') return
    if (this.answer('.', '250 kept').startsWith('2')) {
      const { from, to, helo } = this
      this.keep({ from, to, text, helo, client: this.socket.remoteAddress ?? '' })
    }
  }

  private answer(word: string, usual: string): string {
    const said = this.options.answers?.[word] ?? usual
    this.socket.write(`${said}\r\n`)
    return said
  }
}

/** Hands one mail to an SMTP server. @throws Error with the server's answer when it refuses */
export async function sendMail(options: {
  readonly host?: string
  readonly port: number
  readonly from?: string
  readonly to?: string
  readonly headers?: readonly string[]
  readonly body?: string
}): Promise<void> {
  const { host = '127.0.0.1', port, from = 'sender@example.com', to = 'rcpt@example.net', headers = [], body = 'hello' } = options
  const socket = createConnection({ host, port })
  socket.setEncoding('latin1')
  const text = [`From: <${from}>`, `To: <${to}>`, ...headers, '', body.replaceAll(/^\./gm, '..')].join('\r\n')
  const steps = ['', 'EHLO test.example.com', `MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, 'DATA', `${text}\r\n.`]
  try {
    for (const step of steps) {
      if (step !== '') socket.write(`${step}\r\n`)
      const reply = await replyOf(socket)
      if (!/^[23]/.test(reply)) throw new Error(`${host}:${port} said to ${step.slice(0, 40)}: ${reply}`)
    }
  } finally {
    socket.end('QUIT\r\n')
  }
}

/** The next whole answer, its continuation lines included. */
function replyOf(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const onData = (chunk: string): void => {
      text += chunk
      if (/^\d{3} .*\r\n$/m.test(text)) settle(() => resolve(text.trim()))
    }
    const onError = (error: Error): void => settle(() => reject(error))
    const onClose = (): void => settle(() => reject(new Error(`the server hung up after "${text}"`)))
    const settle = (end: () => void): void => {
      socket.off('data', onData).off('error', onError).off('close', onClose)
      end()
    }
    socket.on('data', onData).on('error', onError).on('close', onClose)
  })
}
