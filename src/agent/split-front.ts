import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type Server, createServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { CappedOutput } from '../connection/capped-output.ts'
import type { Note } from './agent-log.ts'
import { StartError, wordsOf } from './exits.ts'
import type { Credentials } from './front.ts'
import { CALL_LIMIT, Link } from './link.ts'
import { LINK_FD, LISTENER_WORD } from './listener.ts'
import { type FromKeeper, type FromListener, fromListener } from './messages.ts'
import { OrderDesk } from './order-desk.ts'
import type { User } from './users.ts'
import type { Work } from './work.ts'

/** What a listener is made with. */
export interface SplitParts {
  readonly listen: { readonly host: string; readonly port: number }
  readonly user: User
  readonly work: Work
  readonly note: Note
}

/** Milliseconds until a listener that died is started again: the first time, at most, and how long a good one lives. */
const BACK_OFF = { first: 100, most: 30_000, good: 60_000 }

interface Running {
  readonly child: ChildProcess
  readonly link: Link<FromListener, FromKeeper>
  readonly exited: Promise<void>
}

/** The front of a keeper that is root: a listener in a process without rights, started again whenever it dies. */
export class SplitFront {
  private running: Running | undefined
  private draining = false
  private back: number = BACK_OFF.first
  private timer: NodeJS.Timeout | undefined

  private constructor(
    private readonly parts: SplitParts,
    private credentials: Credentials,
  ) {}

  /** Opens the socket and starts a listener. @throws the system's error for the socket; StartError for the listener */
  static async open(parts: SplitParts, credentials: Credentials): Promise<SplitFront> {
    const front = new SplitFront(parts, credentials)
    await front.start()
    return front
  }

  /** Hands another certificate and other keys on. */
  renew(credentials: Credentials): void {
    this.credentials = credentials
    this.running?.link.send(credentialsMessage(credentials))
  }

  /** As {@link Front.drain}, by the listener. */
  async drain(): Promise<void> {
    this.draining = true
    clearTimeout(this.timer)
    this.running?.link.send({ type: 'drain' })
    await this.running?.exited
  }

  private async start(): Promise<void> {
    const began = Date.now()
    const { user } = this.parts
    // From here to the child's birth nothing is awaited but what is there: this process must accept no connection.
    const server = await openSocket(this.parts.listen)
    const child = spawnListener(server, user)
    server.close()
    const link = new Link<FromListener, FromKeeper>(child.stdio[LINK_FD] as Duplex, CALL_LIMIT, fromListener)
    const words = new CappedOutput(4096)
    child.stderr?.on('data', (chunk: Buffer) => words.add(chunk))
    const exited = new Promise<void>((resolve) => {
      child.once('error', () => resolve())
      child.once('exit', () => resolve())
    })
    this.running = { child, link, exited }
    link.send(credentialsMessage(this.credentials))
    let ready = false
    await new Promise<void>((resolve, reject) => {
      const live = (): void => {
        ready = true
        resolve()
      }
      void this.serve(child, link, live)
      void exited.then(() => {
        const why = `the listener ended: ${child.signalCode ?? `status ${child.exitCode ?? '?'}`} ${words.text().trim()}`
        if (ready) this.again(why, Date.now() - began)
        else reject(new StartError(why))
      })
    })
    this.parts.note({ level: 'info', event: 'listener', pid: child.pid, user: user.name })
  }

  /** Takes a listener's messages. One that breaks the rules is ended: it is not the one that was started. */
  private async serve(child: ChildProcess, link: Link<FromListener, FromKeeper>, live: () => void): Promise<void> {
    const { work, note } = this.parts
    const desk = new OrderDesk(work, link, note)
    try {
      for await (const message of link.messages()) {
        if (message.type === 'ready') live()
        else if (message.type === 'note') note({ level: message.level, event: message.event, ...message.facts })
        else desk.take(message)
      }
    } catch (error) {
      note({ level: 'error', event: 'listener', pid: child.pid, why: `ended by force: ${wordsOf(error)}` })
      child.kill('SIGKILL')
    } finally {
      desk.close()
      link.close()
    }
  }

  private again(why: string, lived: number): void {
    if (this.draining) return
    if (lived > BACK_OFF.good) this.back = BACK_OFF.first
    const { note } = this.parts
    note({ level: 'error', event: 'listener', why, again: this.back / 1000 })
    this.timer = setTimeout(() => {
      const began = Date.now()
      this.start().catch((error: unknown) => this.again(wordsOf(error), Date.now() - began))
    }, this.back)
    this.back = Math.min(BACK_OFF.most, this.back * 2)
  }
}

function credentialsMessage({ certificate, privateKey, digests }: Credentials): FromKeeper {
  return { type: 'credentials', certificate, privateKey, digests: [...digests] }
}

/** Listens, and returns before the event loop could accept anything. */
async function openSocket(listen: { readonly host: string; readonly port: number }): Promise<Server> {
  const server = createServer((socket) => socket.destroy())
  server.listen(listen)
  await once(server, 'listening')
  return server
}

/** A process of this very program with the socket and a link; its environment is empty. */
function spawnListener(server: Server, user: User): ChildProcess {
  const words = [LISTENER_WORD, user.name, String(user.uid), String(user.gid)]
  return spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...words], {
    cwd: '/',
    env: {},
    stdio: ['ignore', 'ignore', 'pipe', descriptorOf(server), 'pipe'],
  })
}

/** Node.js has no public name for a server's descriptor. @throws Error when it has moved */
function descriptorOf(server: Server): number {
  const { _handle } = server as unknown as { readonly _handle?: { readonly fd?: unknown } }
  if (typeof _handle?.fd === 'number' && _handle.fd >= 0) return _handle.fd
  throw new Error(`this Node.js (${process.version}) shows no descriptor of a listening socket`)
}
