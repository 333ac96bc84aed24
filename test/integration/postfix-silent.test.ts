// An MTA that runs and listens, and does not answer: what only a watch asks for.
import { once } from 'node:events'
import { mkdirSync, readFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import { newOrder, type LocalNode } from '../support/local-node.ts'
import { masterPids, postfixFolder, postfixNode } from '../support/postfix.ts'
import { childrenOf } from '../support/processes.ts'
import { until } from '../support/until.ts'

jest.setTimeout(120_000)

const folder = postfixFolder()
const ASKED = { answers: true } as const
let node: LocalNode
let port: number
const sockets: Socket[] = []

beforeAll(async () => {
  const directory = join(folder, 'mx1')
  mkdirSync(directory)
  const made = await postfixNode(directory)
  node = made.node
  port = Number(made.listen.replace(/.*:/, ''))
  await node.install({ listen: made.listen, hostname: 'mx1.example.com' })
  await node.connection.start(newOrder())
})

afterAll(() => {
  for (const socket of sockets) socket.destroy()
})

async function connect(): Promise<Socket> {
  const socket = createConnection({ host: '127.0.0.1', port }).on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'connect')
  return socket
}

async function banner(): Promise<string> {
  const socket = await connect()
  const [text] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  return text.toString()
}

const master = (): number => masterPids(node.directory)[0] ?? 0
const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const began = performance.now()
  await work()
  return (performance.now() - began) / 1000
}

test('one that answers is not waited for', async () => {
  expect(await banner()).toMatch(/^220 /)
  expect((await node.connection.status(ASKED)).mute).toBeUndefined()
  expect(await seconds(() => node.connection.status(ASKED))).toBeLessThan(4)
})

test('a connection that nobody accepts is seen, and the MTA started anew', async () => {
  const before = master()
  const child = await until('a child waits for the next connection', 20, () =>
    childrenOf(before).find((pid) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'smtpd'),
  )
  process.kill(child, 'SIGSTOP')
  expect((await node.connection.status(ASKED)).mute).toBeUndefined() // nobody has come
  await connect()
  expect((await node.connection.status()).mute).toBeUndefined()
  expect((await node.connection.status(ASKED)).mute).toBe(true)
  expect(await node.connection.start(newOrder())).toMatchObject({ did: false }) // a plain start does not ask
  expect(await node.connection.start({ ...newOrder(), unlessStopped: true })).toMatchObject({ did: true })
  expect(master()).not.toBe(before)
  expect(await banner()).toMatch(/^220 /)
})

test('one that stands still is seen, and started anew', async () => {
  const before = master()
  process.kill(before, 'SIGSTOP')
  expect(await node.connection.status(ASKED)).toMatchObject({ running: true, mute: true })
  expect(await seconds(() => node.connection.start({ ...newOrder(), unlessStopped: true }))).toBeLessThan(12) // no SIGKILL was needed
  expect(master()).not.toBe(before)
  expect(await banner()).toMatch(/^220 /)
})
