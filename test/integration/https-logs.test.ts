import type { NodeConnection } from '../../src/connection/port.ts'
import type { LogRecord } from '../../src/mta/logs.ts'
import {
  CancelledError,
  FailedError,
  TimeoutError,
  UnauthorizedError,
  UnreachableError,
  UntrustedError,
} from '../../src/outcome/errors.ts'
import { type TestCertificate, makeCertificate, trustedCertificate } from '../support/certificates.ts'
import {
  type Arrived,
  type ConnectOptions,
  OddServer,
  agentAnswers,
  answerProblem,
  certificatePolicy,
  connectTo,
} from '../support/tls-server.ts'
import { until } from '../support/until.ts'

const QUERY = { source: 'mta', lines: 10, follow: false } as const
const FOLLOW = { ...QUERY, follow: true }

let certificate: TestCertificate
const open: (() => Promise<void>)[] = []

beforeAll(async () => {
  certificate = await makeCertificate()
})
afterEach(async () => {
  for (const end of open.splice(0)) await end()
})

async function logsOf(
  answer: (arrived: Arrived) => void,
  options: ConnectOptions = {},
): Promise<{ readonly server: OddServer; readonly connection: NodeConnection }> {
  const server = await OddServer.start(certificate, agentAnswers({ '/logs': answer }))
  const connection = connectTo(server, options)
  open.push(
    () => connection.close(),
    () => server.stop(),
  )
  return { server, connection }
}

async function collect(records: AsyncIterable<LogRecord>): Promise<readonly LogRecord[]> {
  const found: LogRecord[] = []
  for await (const record of records) found.push(record)
  return found
}

const line = (text: string): string => `${JSON.stringify({ at: 1, level: 'info', text })}\n`

test('records come a line each, whatever pieces the stream comes in', async () => {
  const { server, connection } = await logsOf(({ response }) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    const text = line('one') + line('zwei ü') + line('three').trimEnd()
    for (const byte of Buffer.from(text)) response.write(Buffer.from([byte]))
    response.end()
  })
  const records = await collect(connection.logs({ ...QUERY, since: 5 }))
  expect(records.map(({ text }) => text)).toEqual(['one', 'zwei ü', 'three'])
  expect(server.requests[0]?.body).toEqual({ ...QUERY, since: 5 })
})

test('many lines come whole to a reader who takes his time', async () => {
  const { connection } = await logsOf(({ response }) => {
    response.writeHead(200)
    for (let at = 0; at < 20_000; at++) response.write(line(`${at} ${'x'.repeat(200)}`))
    response.end()
  })
  let seen = 0
  for await (const { text } of connection.logs(QUERY)) {
    expect(text.startsWith(`${seen} `)).toBe(true)
    if (seen++ % 5000 === 0) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(seen).toBe(20_000)
})

test('a line over 64 KiB is left out and says so, and a flood without a line end fills nothing', async () => {
  const { connection } = await logsOf(({ response }) => {
    response.writeHead(200)
    response.write(line('x'.repeat(200_000)))
    for (let at = 0; at < 64; at++) response.write('y'.repeat(1 << 18))
    response.end(`\n${line('after')}`)
  })
  const texts = (await collect(connection.logs(QUERY))).map(({ text }) => text)
  expect(texts).toEqual([expect.stringContaining('left out'), expect.stringContaining('left out'), 'after'])
})

test('a line that is no record ends it', async () => {
  const { connection } = await logsOf(({ response }) => void response.end(`${line('one')}{"level":"loud"}\n`))
  await expect(collect(connection.logs(QUERY))).rejects.toBeInstanceOf(FailedError)
})

test('ending the iteration ends the connection, and the others of the node go on', async () => {
  let left = 0
  const { server, connection } = await logsOf(({ request, response }) => {
    request.socket.once('close', () => left++)
    response.writeHead(200)
    response.write(line('one'))
  })
  await connection.status()
  for await (const { text } of connection.logs(FOLLOW)) {
    expect(text).toBe('one')
    break
  }
  await until('the connection is closed', 5, () => (left === 1 ? true : undefined))
  await connection.status()
  expect(server.connections).toBe(2)
})

test('a followed log ends quietly by the signal, and none begins after it', async () => {
  const abort = new AbortController()
  const follow = ({ response }: Arrived): void => void response.writeHead(200).write(line('one'))
  const { connection } = await logsOf(follow, { signal: abort.signal })
  const records: string[] = []
  for await (const { text } of connection.logs(FOLLOW)) {
    records.push(text)
    abort.abort()
  }
  expect(records).toEqual(['one'])
  await expect(collect(connection.logs(FOLLOW))).rejects.toBeInstanceOf(CancelledError)
})

test('a stream that is cut is unreachable; one that stops is a timeout, a followed one when not even a sign of life comes', async () => {
  const cut = await logsOf(({ request, response }) => {
    response.writeHead(200).write(line('one'))
    setTimeout(() => request.socket.destroy(), 100)
  })
  for (const query of [QUERY, FOLLOW]) {
    await expect(collect(cut.connection.logs(query))).rejects.toBeInstanceOf(UnreachableError)
  }
  const timeouts = { connect: 10, command: 1, change: 10 }
  const stops = await logsOf(({ response }) => void response.writeHead(200).write(line('one')), { timeouts })
  await expect(collect(stops.connection.logs(QUERY))).rejects.toBeInstanceOf(TimeoutError)
  const hangs = await logsOf(({ response }) => void response.writeHead(200).write(line('one')), {
    timeouts: { connect: 10, command: 10, change: 10, quiet: 1 },
  })
  await expect(collect(hangs.connection.logs(FOLLOW))).rejects.toBeInstanceOf(TimeoutError)
})

test('an answer that does not begin is a timeout, and a refusal is what the agent says', async () => {
  const timeouts = { connect: 10, command: 0.3, change: 10 }
  const silent = await logsOf(() => undefined, { timeouts })
  await expect(collect(silent.connection.logs(FOLLOW))).rejects.toBeInstanceOf(TimeoutError)
  const refused = await logsOf((arrived) => answerProblem(arrived, 401, 'unauthorized', 'no'))
  await expect(collect(refused.connection.logs(FOLLOW))).rejects.toBeInstanceOf(UnauthorizedError)
})

test('the certificate is checked here too, before anything is sent', async () => {
  const other = await makeCertificate()
  const { server } = await logsOf(() => undefined)
  const connection = connectTo(server, { policy: certificatePolicy([trustedCertificate(server.endpoint, other)]) })
  await expect(collect(connection.logs(FOLLOW))).rejects.toBeInstanceOf(UntrustedError)
  expect(server.received).toBe('')
})
