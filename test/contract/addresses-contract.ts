/* eslint-disable jest/no-export -- a part of the suite that the drivers' own test files run */
import type { Access } from '../support/accesses.ts'
import { type LocalNode, newSync } from '../support/local-node.ts'
import { type Sink, sendMail } from '../support/sink.ts'

/** The address that every node of the contract sends from: one that nothing would send from by itself. */
export const ADDRESS = '127.0.0.21'

/** What else a node is told to send from; one that is reached by IPv4 gets mail from the first two. */
const SEVERAL = ['127.0.0.22', '127.0.0.23', '::1']

/** What the contract needs to know of an MTA to look at where its mail comes from. */
export interface SendsFrom {
  /** Writes into the base that all mail goes to this port of 127.0.0.1. */
  relayTo(node: LocalNode, port: number): void
  /** The addresses that mail can leave from by what the MTA reads, sorted. */
  sources(node: LocalNode): readonly string[]
  /** How the MTA takes a change in. */
  readonly took: 'reload' | 'restart'
}

interface Story {
  readonly node: LocalNode
  readonly listen: string
  readonly sink: Sink
}

/** What every access promises of the addresses a node sends from, with an MTA that runs and relays to the sink. */
export function sendingFrom(story: Story, subject: SendsFrom, access: Access): void {
  test('mail leaves from the address that the node has', async () => {
    expect(subject.sources(story.node)).toEqual([ADDRESS])
    expect(await clients(story, 1)).toEqual([ADDRESS])
  })

  test('other addresses are a change of what the MTA reads, without any of the settings; mail leaves from these alone', async () => {
    const { node } = story
    const settings = (await node.connection.status()).record?.settings ?? {}
    expect(await node.connection.diff(settings)).toEqual([])
    const connection = await access.connect(node.with({ addresses: SEVERAL }))
    try {
      const { files, took } = await connection.preview({ settings })
      expect([files.length > 0, took]).toEqual([true, subject.took])
      expect(subject.sources(node)).toEqual([ADDRESS])
      expect(await connection.sync(newSync({ settings }))).toMatchObject({ wrote: true, took: subject.took, running: true })
      expect(subject.sources(node)).toEqual(SEVERAL)
      expect(await clients(story, 2)).toEqual(SEVERAL.slice(0, 2))
    } finally {
      await connection.close()
    }
  })
}

/**
 * Where mail comes from, sorted: it is sent until it has come from so many addresses. Postfix chooses by chance: of two
 * addresses 40 mails in a row leave one out once in 2^39 runs. Each has a sender of its own, as Postfix remembers its
 * last choice for a sender.
 */
async function clients({ listen, sink }: Story, count: number): Promise<readonly string[]> {
  const seen = new Set<string>()
  for (let n = 0; n < 40 && seen.size < count; n += 1) {
    const subject = `Subject: ${count}-${n}.`
    await sendMail({ port: Number(listen.split(':')[1]), from: `from${n}@example.com`, headers: [subject] })
    seen.add((await sink.find(subject)).client)
  }
  return [...seen].sort()
}
