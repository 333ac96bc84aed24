// What each setting does, seen from outside: by sinks, sockets and the queue of a running Postfix.
import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { join } from 'node:path'
import type { Settings } from '../../src/node/settings.ts'
import { type LocalNode, newOrder, newSync } from '../support/local-node.ts'
import { freePort } from '../support/ports.ts'
import { postfixFolder, postfixNode } from '../support/postfix.ts'
import { Sink, sendMail, type SinkOptions } from '../support/sink.ts'
import { until } from '../support/until.ts'

const directory = join(postfixFolder(), 'mta')
const sinks: Sink[] = []
let node: LocalNode
let port: number
let priorityPort: number
let base: string

beforeAll(async () => {
  const made = await postfixNode(directory)
  node = made.node
  port = Number(made.listen.split(':')[1])
  priorityPort = await freePort()
  await node.install({ listen: made.listen, hostname: 'mx.example.com' })
  base = node.read('base/main.cf')
  await node.connection.start(newOrder())
}, 120_000)

afterAll(async () => {
  await Promise.all(sinks.map((sink) => sink.close()))
})

/** A new sink that all mail goes to, with these settings in force. */
async function relayTo(options: SinkOptions, settings: Settings, more = ''): Promise<Sink> {
  const sink = await Sink.listen(options)
  sinks.push(sink)
  writeFileSync(join(directory, 'base/main.cf'), `${base}relayhost = [127.0.0.1]:${sink.port}\n${more}`)
  await node.connection.sync(newSync({ settings }))
  return sink
}

interface Queued {
  readonly queue_name: string
  readonly queue_id: string
  readonly recipients: readonly { readonly address: string }[]
}

function queued(part: string): readonly Queued[] {
  return execFileSync('postqueue', ['-c', join(directory, 'akctl/live/conf'), '-j'], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(part))
    .map((line) => JSON.parse(line) as Queued)
}

function emptyQueue(): void {
  execFileSync('postsuper', ['-c', join(directory, 'akctl/live/conf'), '-d', 'ALL'], { stdio: 'ignore' })
}

/** A connection to a listener; what it says first, or undefined while it says nothing. */
function listen(
  host: string,
  at = port,
): { readonly socket: Socket; readonly said: () => string | undefined; readonly failed: () => boolean } {
  const socket = createConnection({ host, port: at })
  let said: string | undefined
  let failed = false
  socket.on('data', (chunk: Buffer) => (said = chunk.toString()))
  socket.on('error', () => (failed = true))
  return { socket, said: () => said, failed: () => failed }
}

async function greets(host: string): Promise<boolean> {
  const { socket, said, failed } = listen(host)
  const answer = await until(`an answer of ${host}`, 20, () => (failed() ? 'refused' : said()))
  socket.destroy()
  return answer.startsWith('220')
}

test('esmtp-connection-timeout: a server that never greets is left after that time', async () => {
  const sink = await relayTo({ stall: 'greeting' }, { 'esmtp-connection-timeout': 2 })
  await sendMail({ port, to: 'timeout@example.net' })
  const since = await until('it has connected', 30, () => (sink.open === 1 ? Date.now() : undefined))
  const left = await until('it has given up', 60, () => (sink.open === 0 ? Date.now() : undefined))
  expect(left - since).toBeGreaterThan(1500)
  await until(
    'the reason is in the log',
    20,
    () => /to=<timeout@.*timed out while receiving the initial server greeting/.test(node.read('log/mail.log')) || undefined,
  )
  emptyQueue()
}, 180_000)

test('fbl-header-name: the header X-FBL leaves under its new name, whole; a body is not touched', async () => {
  const sink = await relayTo({}, { 'fbl-header-name': 'X-My$1-Report' })
  await sendMail({ port, headers: ['X-FBL: one\r\n two', 'X-FBL-Other: stays', 'Subject: fbl'], body: 'X-FBL: body' })
  const { text } = await sink.find('Subject: fbl')
  expect(text).toMatch(/^X-My\$1-Report: one\n two$/m)
  expect(text).toContain('X-FBL-Other: stays\n')
  expect(text).toMatch(/\n\nX-FBL: body/)
  expect(text.match(/^X-FBL:/gim)).toHaveLength(1)
}, 120_000)

test('fbl-header-name joins the checks that the base has already', async () => {
  const own = join(directory, 'base/own-checks')
  writeFileSync(own, '/^Subject:/ REPLACE Subject: replaced\n')
  const more = `smtp_header_checks = regexp:${own}\n`
  const sink = await relayTo({}, { 'fbl-header-name': 'X-Both' }, more)
  await sendMail({ port, headers: ['X-FBL: both', 'Subject: mine'] })
  const { text } = await sink.find('X-Both: both')
  expect(text).toContain('Subject: replaced')
}, 120_000)

test('smtp-admin-email: notices of bounces go there, to the very name', async () => {
  const sink = await relayTo(
    { refuses: 'nobody@' },
    { 'smtp-admin-email': 'admin$myhostname@example.org' },
    'notify_classes = bounce\n',
  )
  await sendMail({ port, to: 'nobody@example.net', headers: ['Subject: refused'] })
  const notice = await until('the notice', 60, () => sink.mails.find(({ to }) => to.includes('admin$myhostname@example.org')))
  expect(notice.text).toContain('Subject: refused')
}, 120_000)

/** Makes a message in the queue so many days older: its own time, in seconds, is in what Postfix keeps of it. */
function age(id: string, days: number): void {
  const file = execFileSync('find', [join(directory, 'queue/deferred'), '-name', id], { encoding: 'utf8' }).trim()
  const older = (time: string): string => String(Number(time) - days * 86_400)
  const text = readFileSync(file, 'latin1').replaceAll(/(?<=T.|create_time=)\d{10}/gs, older)
  writeFileSync(file, text, 'latin1')
}

test('spool-cleaner-timeout: what is older is returned to its sender at its next attempt; what is not stays', async () => {
  const nowhere = 'transport_maps = inline:{slow.example=smtp:[127.0.0.1]:1}\n'
  const sink = await relayTo({}, { 'spool-cleaner-timeout': 3 * 86_400 }, nowhere)
  for (const name of ['old', 'young']) await sendMail({ port, to: `${name}@slow.example` })
  const deferred = (): readonly Queued[] => queued('@slow.example').filter(({ queue_name }) => queue_name === 'deferred')
  const waiting = await until('both are put off', 60, () => (deferred().length === 2 ? deferred() : undefined))
  for (const { queue_id, recipients } of waiting) age(queue_id, recipients[0]?.address === 'old@slow.example' ? 4 : 1)
  const tries = (): number => node.read('log/mail.log').match(/to=<young@slow\.example>.*status=deferred/g)?.length ?? 0
  const before = tries()
  execFileSync('postqueue', ['-c', join(directory, 'akctl/live/conf'), '-f'])
  const { to, text } = await sink.find('Subject: Undelivered Mail')
  expect([to, /Final-Recipient: .*/.exec(text)?.[0]]).toEqual([
    ['sender@example.com'],
    'Final-Recipient: rfc822; old@slow.example',
  ])
  await until('the young one was tried again', 30, () => tries() > before || undefined)
  await until('it alone is there', 30, () => (queued('queue_id').length === 1 && deferred().length === 1) || undefined)
  expect(deferred()[0]?.recipients[0]?.address).toBe('young@slow.example')
  emptyQueue()
}, 120_000)

test('smtp-listen-only-interfaces: there, and nowhere else', async () => {
  expect([await greets('127.0.0.1'), await greets('127.0.0.2')]).toEqual([true, false])
  const two = { 'smtp-listen-only-interfaces': ['127.0.0.2', '::1'] }
  expect(await node.connection.sync(newSync({ settings: two }))).toMatchObject({ took: 'restart' })
  expect([await greets('127.0.0.1'), await greets('127.0.0.2'), await greets('::1')]).toEqual([false, true, true])
  expect((await node.connection.status()).listening).toEqual([`127.0.0.2:${port}`, `[::1]:${port}`])
  await node.connection.sync(newSync({ settings: {} }))
  expect([await greets('127.0.0.1'), await greets('127.0.0.2')]).toEqual([true, false])
}, 180_000)

test('spool-writers: so many sessions at once; the next one waits', async () => {
  await node.connection.sync(newSync({ settings: { 'spool-writers': 1 } }))
  const first = listen('127.0.0.1')
  await until('the first is greeted', 20, () => first.said())
  const second = listen('127.0.0.1')
  await expect(until('the second is greeted', 2, () => second.said())).rejects.toThrow(/not so within/)
  first.socket.destroy()
  expect(await until('the second is greeted now', 30, () => second.said())).toMatch(/^220 /)
  second.socket.destroy()
}, 120_000)

test('spool-channel-size: so many deliveries at once', async () => {
  for (const size of [1, 3]) {
    const sink = await relayTo({ stall: 'data' }, { 'spool-channel-size': size })
    for (const n of [1, 2, 3, 4]) await sendMail({ port, to: `size${n}@example.net` })
    await until('all are in the queue, and as many as may are on their way', 60, () => {
      return (queued('@example.net').length === 4 && sink.open === size) || undefined
    })
    await expect(until('one more', 2, () => sink.open > size || undefined)).rejects.toThrow(/not so within/)
    emptyQueue()
    await sink.close()
  }
}, 240_000)

test('other-channel-size: so many messages in the active queue', async () => {
  const sink = await relayTo({ stall: 'data' }, { 'other-channel-size': 2 })
  for (const n of [1, 2, 3, 4]) await sendMail({ port, to: `active${n}@example.net` })
  const names = await until('two are active', 60, () => {
    const found = queued('@example.net').map(({ queue_name }) => queue_name)
    return found.filter((name) => name === 'active').length === 2 && found.length === 4 ? found.sort() : undefined
  })
  expect(names).toEqual(['active', 'active', 'incoming', 'incoming'])
  emptyQueue()
  await sink.close()
}, 120_000)

test('priority-channel-size: so many deliveries at once of what the priority listener takes in, beside the others', async () => {
  const sink = await Sink.listen({ stall: 'data' })
  sinks.push(sink)
  const line = `127.0.0.1:${priorityPort} inet n - n - - smtpd -o content_filter=prio:[127.0.0.1]:${sink.port}\n`
  appendFileSync(join(directory, 'base/master.cf'), line)
  const others = await relayTo({}, { 'priority-channel-size': 1 })
  for (const n of [1, 2, 3]) await sendMail({ port: priorityPort, to: `prio${n}@example.net` })
  await until('one is on its way', 60, () => sink.open === 1 || undefined)
  await sendMail({ port, to: 'other@example.net', headers: ['Subject: beside'] })
  await others.find('Subject: beside')
  expect(sink.mostOpen).toBe(1)
  emptyQueue()
  await sink.close()
}, 180_000)

describe('the addresses a node sends from', () => {
  test('one: all mail leaves from there', async () => {
    const sink = await relayTo({}, {})
    await node.with({ addresses: ['127.0.0.21'] }).connection.sync(newSync({ settings: {} }))
    for (const n of [1, 2, 3]) await sendMail({ port, to: `one${n}@example.net`, headers: ['Subject: one'] })
    await until('they are there', 60, () => sink.mails.length === 3 || undefined)
    expect(sink.mails.map(({ client }) => client)).toEqual(['127.0.0.21', '127.0.0.21', '127.0.0.21'])
  }, 120_000)

  test('several: each is used, and no other', async () => {
    const sink = await relayTo({}, {})
    const several = node.with({ addresses: ['127.0.0.21', '127.0.0.22', '127.0.0.23'] })
    await several.connection.sync(newSync({ settings: { 'spool-channel-size': 6 } }))
    const limits = readFileSync(join(directory, 'akctl/live/conf/master.cf'), 'utf8').match(/^akctl-out-\d .*$/gm)
    expect(limits?.map((line) => line.split(/\s+/).slice(0, 8).join(' '))).toEqual(
      [1, 2, 3].map((n) => `akctl-out-${n} unix - - n - 2 smtp`),
    )
    for (let n = 0; n < 30; n += 1) await sendMail({ port, from: `from${n}@example.com`, to: `to${n}@example.net` })
    await until('they are there', 90, () => sink.mails.length === 30 || undefined)
    expect([...new Set(sink.mails.map(({ client }) => client))].sort()).toEqual(['127.0.0.21', '127.0.0.22', '127.0.0.23'])
  }, 240_000)
})
