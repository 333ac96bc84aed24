// The parts of the agent that bound what the network, or a listener that was taken over, can make it do.
import crypto, { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Duplex, PassThrough } from 'node:stream'
import { AcceptedKeys } from '../../src/agent/accepted-keys.ts'
import { AgentLog, type LogEntry } from '../../src/agent/agent-log.ts'
import { Batches } from '../../src/agent/batches.ts'
import { FailureLimit, networkOf } from '../../src/agent/failure-limit.ts'
import { CALL_LIMIT, Link, LinkError } from '../../src/agent/link.ts'
import { agentLogRecords, recordOf } from '../../src/agent/log-lines.ts'
import { type FromKeeper, type FromListener, fromListener } from '../../src/agent/messages.ts'
import { OrderDesk } from '../../src/agent/order-desk.ts'
import { PidFile, runningAgent } from '../../src/agent/pid-file.ts'
import { RemoteWork } from '../../src/agent/remote-work.ts'
import { findRoute } from '../../src/agent/route-table.ts'
import { ScriptedWork } from '../../src/agent/scripted-work.ts'
import { Slots } from '../../src/agent/slots.ts'
import type { Work } from '../../src/agent/work.ts'
import type { LogRecord } from '../../src/mta/logs.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

const temp = tempDir()
const digest = (key: string): string => createHash('sha256').update(key).digest('hex')

describe('keys', () => {
  it('are compared as digests of one length, every one of them, whichever fits', () => {
    const keys = new AcceptedKeys([digest('first-key'), digest('second-key')])
    const spy = jest.spyOn(crypto, 'timingSafeEqual')
    for (const authorization of [
      'Bearer first-key',
      'Bearer second-key',
      'bearer  first-key',
      'Bearer x',
      'Basic first-key',
      undefined,
    ]) {
      spy.mockClear()
      expect(keys.accept({ ...(authorization === undefined ? {} : { authorization }) })).toBe(
        /(first|second)-key/.test(authorization ?? '') && !authorization?.startsWith('Basic'),
      )
      expect(spy).toHaveBeenCalledTimes(2)
      for (const [a, b] of spy.mock.calls) expect([a.byteLength, b.byteLength]).toEqual([32, 32])
    }
    spy.mockRestore()
  })

  it('the digest of nothing opens nothing', () => {
    expect(new AcceptedKeys([digest('')]).accept({})).toBe(false)
    expect(new AcceptedKeys([digest('')]).accept({ authorization: 'Bearer ' })).toBe(false)
    expect(new AcceptedKeys([]).accept({ authorization: 'Bearer x' })).toBe(false)
  })
})

describe('failures', () => {
  it('of one address: ten at once, then one a second', () => {
    let now = 0
    const limit = new FailureLimit(() => now)
    const waits = Array.from({ length: 12 }, () => limit.failed('192.0.2.1'))
    expect(waits).toEqual([...Array.from({ length: 10 }, () => undefined), 1, 1])
    expect(limit.failed('192.0.2.2')).toBeUndefined()
    now += 1000
    expect(limit.failed('192.0.2.1')).toBeUndefined()
    expect(limit.failed('192.0.2.1')).toBe(1)
  })

  it('of a million addresses fill no memory, and are limited together', () => {
    const limit = new FailureLimit(() => 0)
    const free = Array.from({ length: 100_000 }, (_, n) => limit.failed(`10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`)).filter(
      (wait) => wait === undefined,
    )
    expect(free).toHaveLength(200)
    expect(limit.remembered).toBe(1024)
  })

  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::ffff', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['', ''],
  ])('%s counts as %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })
})

describe('places', () => {
  it('are taken in turn, by no more than fit; who leaves the queue takes none', async () => {
    const slots = new Slots('too many', 1, 2)
    const free = await slots.take()
    const left = new AbortController()
    const [gone, second] = [slots.take(left.signal), slots.take()]
    await expect(slots.take()).rejects.toMatchObject({ status: 503 })
    left.abort()
    await expect(gone).rejects.toThrow('the caller left')
    free()
    const freeSecond = await second
    freeSecond()
    const freeThird = await slots.take()
    freeThird()
    await expect(slots.run(() => Promise.resolve('done'))).resolves.toBe('done')
  })
})

describe('log batches', () => {
  it('are bounded, whole, in order, and read no further than asked', async () => {
    let made = 0
    async function* source(): AsyncIterable<LogRecord> {
      for (; made < 1000; made += 1) yield await Promise.resolve({ level: 'info', text: String(made) } as const)
    }
    const batches = new Batches(source())
    const first = (await batches.next()) ?? []
    await until('the next batch is full', 5, () => (made >= 256 ? true : undefined))
    expect(made).toBeLessThan(600)
    const all = [...first]
    for (let batch = await batches.next(); batch !== undefined; batch = await batches.next()) {
      expect(batch.length).toBeLessThanOrEqual(256)
      all.push(...batch)
    }
    expect(all.map(({ text }) => text)).toEqual(Array.from({ length: 1000 }, (_, n) => String(n)))
  })

  it('an error comes after what came before it; a long line is cut', async () => {
    async function* source(): AsyncIterable<LogRecord> {
      yield await Promise.resolve({ level: 'info', text: 'x'.repeat(1_000_000) } as const)
      throw new Error('over')
    }
    const batches = new Batches(source())
    expect((await batches.next())?.[0]?.text).toHaveLength(32 * 1024)
    await expect(batches.next()).rejects.toThrow('over')
  })
})

describe('the link to a listener', () => {
  /** Two ends: what is written to `wire` comes to the link. */
  function pair(): { readonly wire: PassThrough; readonly out: PassThrough; readonly link: Link<FromListener, FromKeeper> } {
    const [wire, out] = [new PassThrough(), new PassThrough()]
    return {
      wire,
      out,
      link: new Link<FromListener, FromKeeper>(Duplex.from({ readable: wire, writable: out }), CALL_LIMIT, fromListener),
    }
  }
  const all = async (link: Link<FromListener, FromKeeper>): Promise<FromListener[]> => {
    const found: FromListener[] = []
    for await (const message of link.messages()) found.push(message)
    return found
  }

  it('carries whole messages, however they are cut', async () => {
    const { wire, link } = pair()
    const read = all(link)
    for (const letter of '{"type":"ready"}\n{"type":"cancel","id":1}\n') wire.write(letter)
    wire.end()
    expect(await read).toEqual([{ type: 'ready' }, { type: 'cancel', id: 1 }])
  })

  it.each([
    ['no JSON', 'x\n'],
    ['another type', '{"type":"run","command":"id"}\n'],
    ['a call that is none', '{"type":"call","id":1,"name":"exec","input":{}}\n'],
    ['a field too many', '{"type":"ready","directory":"/"}\n'],
    ['a note of what only the keeper does', '{"type":"note","level":"info","event":"start","facts":{}}\n'],
    [
      'a note with a time of its own',
      '{"type":"note","level":"info","event":"call","facts":{"at":"2001-01-01T00:00:00.000Z"}}\n',
    ],
    ['a note with a second event', '{"type":"note","level":"info","event":"call","facts":{"event":"start"}}\n'],
    ['a line that never ends', 'x'.repeat(CALL_LIMIT + 1)],
  ])('%s is a breach', async (_, bytes) => {
    const { wire, link } = pair()
    wire.write(bytes)
    await expect(all(link)).rejects.toThrow(LinkError)
  })

  it('an order is checked again by the keeper: what the API does not know is refused', async () => {
    const { out, link } = pair()
    const log = new AgentLog(join(temp, 'unused.log'), undefined)
    const work = new ScriptedWork(() => ({ directory: join(temp, 'nowhere'), mta: 'postfix' }), log)
    const desk = new OrderDesk(work, link, () => undefined)
    const answer = async (message: Extract<FromListener, { readonly id: number }>): Promise<unknown> => {
      desk.take(message)
      const [chunk] = (await once(out, 'data')) as [Buffer]
      return JSON.parse(chunk.toString('utf8'))
    }
    const refused = { type: 'problem', status: 400, report: { kind: 'usage' } }
    expect(await answer({ type: 'call', id: 1, name: 'sync', input: { settings: { command: 'id' } } })).toMatchObject(refused)
    expect(await answer({ type: 'call', id: 2, name: 'order', input: { id: '../..' } })).toMatchObject(refused)
    expect(await answer({ type: 'call', id: 3, name: 'version' })).toMatchObject({ type: 'answer', value: { mta: 'postfix' } })
    expect(await answer({ type: 'call', id: 4, name: 'logs', input: { source: '/etc/shadow' } })).toMatchObject(refused)
    desk.take({ type: 'cancel', id: 99 })
    expect(await answer({ type: 'pull', id: 99 })).toEqual({ type: 'records', id: 99, records: [], done: true })
  })

  /** A desk over logs without an end, and what it has said. */
  function logDesk() {
    const said: FromKeeper[] = []
    const ended = { count: 0 }
    const work: Work = {
      call: () => Promise.resolve({}),
      async *logs() {
        try {
          for (;;) yield await Promise.resolve([{ level: 'info', text: 'x' } as const])
        } finally {
          ended.count += 1
        }
      },
    }
    const link = { send: (message: FromKeeper) => void said.push(message) } as unknown as Link<FromListener, FromKeeper>
    return { desk: new OrderDesk(work, link, () => undefined), said, ended }
  }
  const wanted = { source: 'mta', lines: 1, follow: true }

  it('a feed whose reader has left is ended, though nobody pulls it any more', async () => {
    const { desk, said, ended } = logDesk()
    desk.take({ type: 'call', id: 1, name: 'logs', input: wanted })
    desk.take({ type: 'pull', id: 1 })
    await until('a batch', 5, () => said.length > 0 || undefined)
    desk.take({ type: 'cancel', id: 1 })
    expect(await until('it is ended', 5, () => ended.count === 1 || undefined)).toBe(true)
  })

  it('a listener that asks for logs without end is refused: the keeper keeps a bounded number', () => {
    const { desk, said } = logDesk()
    for (let id = 1; id <= 200; id++) desk.take({ type: 'call', id, name: 'logs', input: wanted })
    expect(said).toHaveLength(200 - 64)
    expect(said[0]).toMatchObject({ type: 'problem', id: 65, status: 503 })
    desk.close()
  })

  it.each(['logs', 'status'] as const)(
    '%s of a caller that has left already is cancelled after it was asked for',
    async (name) => {
      const sent: FromListener[] = []
      const link = { send: (message: FromListener) => void sent.push(message) } as unknown as Link<FromKeeper, FromListener>
      const remote = new RemoteWork(link)
      const asked =
        name === 'logs'
          ? remote.logs(wanted, AbortSignal.abort())[Symbol.asyncIterator]().next()
          : remote.call(name, {}, AbortSignal.abort())
      expect(sent.slice(0, 2)).toMatchObject([
        { type: 'call', id: 1, name },
        { type: 'cancel', id: 1 },
      ])
      remote.take({ type: 'problem', id: 1, status: 503, report: { kind: 'cancelled', message: 'x', hints: [] }, headers: {} })
      await expect(asked).rejects.toThrow()
    },
  )
  it('readers that leave in the middle, between two pulls or in one, leave room for others', async () => {
    const { out, link } = pair()
    const log = new AgentLog(join(temp, 'read.log'), undefined)
    log.open()
    for (let line = 0; line < 600; line += 1) log.note({ level: 'info', event: 'call', line })
    const work = new ScriptedWork(() => ({ directory: join(temp, 'nowhere'), mta: 'postfix' }), log)
    const desk = new OrderDesk(work, link, () => undefined)
    const answers = createInterface({ input: out })[Symbol.asyncIterator]()
    const pull = async (id: number): Promise<unknown> => {
      desk.take({ type: 'pull', id })
      return JSON.parse((await answers.next()).value as string)
    }
    for (let id = 1; id <= 40; id += 1) {
      desk.take({ type: 'call', id, name: 'logs', input: { source: 'agent', lines: 600, follow: true } })
      expect(await pull(id)).toMatchObject({ type: 'records', done: false })
      if (id % 2 === 0) desk.take({ type: 'pull', id })
      desk.take({ type: 'cancel', id })
      if (id % 2 === 0) await answers.next()
      expect(await pull(id)).toEqual({ type: 'records', id, records: [], done: true })
    }
    desk.take({ type: 'call', id: 99, name: 'logs', input: { source: 'agent', lines: 1, follow: false } })
    expect(await pull(99)).toMatchObject({ type: 'records' })
  })
})

describe('the log', () => {
  const entry = (event: string): LogEntry => ({ level: 'info', event, from: '::1', text: 'a\nb\u001b[31m' })

  it('has a line for an event whatever is in it, survives a rename, and follows no link', () => {
    const file = join(mkdtempSync(join(temp, 'log-')), 'deep/er/agent.log')
    const log = new AgentLog(file, undefined)
    log.open()
    log.note(entry('one'))
    renameSync(file, `${file}.1`)
    log.note(entry('two'))
    log.open()
    log.note(entry('three'))
    expect(readFileSync(`${file}.1`, 'utf8').split('\n')).toHaveLength(3)
    expect(readFileSync(file, 'utf8')).not.toMatch(/[^\n\P{Cc}]/u)
    symlinkSync(file, `${file}.link`)
    expect(() => new AgentLog(`${file}.link`, undefined).open()).toThrow(/ELOOP/)
  })

  it('a line without an end, of one who died in the middle, spoils no other; a file that is not there is empty', () => {
    const file = join(mkdtempSync(join(temp, 'log-')), 'agent.log')
    writeFileSync(file, '{"at":"2026')
    const log = new AgentLog(file, undefined)
    log.open()
    log.note(entry('one'))
    log.note(entry('two'))
    expect(log.last(9).map((line) => line.slice(0, 9))).toEqual(['{"at":"20', '{"at":"20', '{"at":"20'])
    expect(
      log
        .last(9)
        .slice(1)
        .map((line) => (JSON.parse(line) as LogEntry).event),
    ).toEqual(['one', 'two'])
    renameSync(file, `${file}.1`)
    expect(log.last(9)).toEqual([])
  })

  it('is read back as records, and followed without a gap', async () => {
    const log = new AgentLog(join(mkdtempSync(join(temp, 'log-')), 'agent.log'), undefined)
    log.open()
    for (const name of ['one', 'two', 'three']) log.note(entry(name))
    const ended = new AbortController()
    const texts: string[] = []
    for await (const { text, at } of agentLogRecords(log, { source: 'agent', lines: 2, follow: true }, ended.signal)) {
      expect(at).toBeGreaterThan(Date.now() - 60_000)
      texts.push(text.split(' ')[0] ?? '')
      if (texts.length === 1) log.note(entry('four'))
      if (text.startsWith('four')) ended.abort()
    }
    expect(texts).toEqual(['two', 'three', 'four'])
  })

  it('a line that is none of ours is shown as it is', () => {
    expect(recordOf('hello')).toEqual({ level: 'info', text: 'hello' })
    expect(recordOf('[1]')).toEqual({ level: 'info', text: '[1]' })
    expect(recordOf('{"level":"odd","event":"x","n":1,"s":"a b"}')).toEqual({ level: 'info', text: 'x n=1 s="a b"' })
  })
})

describe('the pid file', () => {
  it('proves an agent by being open in it', () => {
    const file = join(mkdtempSync(join(temp, 'pid-')), 'run/agent.pid')
    expect(runningAgent(file)).toBeUndefined()
    const mine = new PidFile(file)
    mine.write()
    expect(readFileSync(file, 'utf8')).toBe(`${process.pid}\n`)
    expect(runningAgent(file)).toBe(process.pid)
    mine.remove()
    writeFileSync(file, `${process.pid}\n`) // alive, but not holding it
    expect(runningAgent(file)).toBeUndefined()
    mine.remove()
    expect(readFileSync(file, 'utf8')).not.toBe('')
    for (const text of ['', 'x', '-1', '1\n2\n', '99999999999']) {
      writeFileSync(file, text)
      expect(runningAgent(file)).toBeUndefined()
    }
  })
})

it('a route is found by its path alone', () => {
  expect(findRoute('/v1/orders/x?y=1')).toEqual({ pattern: '/v1/orders/:id', methods: ['GET'] })
  expect(findRoute('/v1/openapi.json')?.methods).toEqual(['GET'])
  for (const path of ['', '/', '/v1', '/v1/', '/v1/orders', '/v1/orders/x/y', '//v1/status', 'v1/status'])
    expect(findRoute(path)).toBeUndefined()
})
