import { Socket } from 'node:net'
import type { LogEntry } from './agent-log.ts'
import { EXIT, wordsOf } from './exits.ts'
import { Front } from './front.ts'
import { Link, MESSAGE_LIMIT } from './link.ts'
import { type FromKeeper, type FromListener, fromKeeper } from './messages.ts'
import { RemoteWork } from './remote-work.ts'
import { become } from './users.ts'

/** The first word of a listener's command line; then come the name and the numbers of the user it becomes. */
export const LISTENER_WORD = 'listener'

/** What a listener is born with: the listening socket, and the link to its keeper. */
export const LISTEN_FD = 3
export const LINK_FD = 4

/**
 * The process that speaks with the network: it gives root's rights away before it reads anything, and has orders done
 * by its keeper. Ends with it.
 */
export async function listener(words: readonly string[]): Promise<number> {
  const [name = '', uid, gid] = words
  become({ name, uid: Number(uid), gid: Number(gid) })
  // When to end is the keeper's to say, to whom a terminal or a service manager speaks as well.
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const link = new Link<FromKeeper, FromListener>(
    new Socket({ fd: LINK_FD, readable: true, writable: true }),
    MESSAGE_LIMIT,
    fromKeeper,
  )
  const note = ({ level, event, ...facts }: LogEntry): void => {
    const known = Object.entries(facts).filter((entry): entry is [string, string | number | boolean] => entry[1] !== undefined)
    link.send({ type: 'note', level, event, facts: Object.fromEntries(known) })
  }
  const bug = (error: unknown): void =>
    note({ level: 'error', event: 'bug', why: wordsOf(error), where: error instanceof Error ? error.stack : undefined })
  process.on('uncaughtException', bug).on('unhandledRejection', bug)
  const work = new RemoteWork(link)
  let front: Front | undefined
  for await (const message of link.messages()) {
    switch (message.type) {
      case 'credentials':
        if (front !== undefined) front.renew(message)
        else {
          front = await Front.open({ fd: LISTEN_FD }, message, work, note)
          link.send({ type: 'ready' })
        }
        break
      case 'drain':
        // Answers are still to come by this link.
        void front?.drain().then(() => link.close())
        break
      case 'answer':
      case 'problem':
      case 'records':
        work.take(message)
        break
    }
  }
  return EXIT.ok
}
