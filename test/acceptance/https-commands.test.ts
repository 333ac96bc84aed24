import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { type MadeCertificate, type TestCertificate, makeCertificate } from '../support/certificates.ts'
import { testCli } from '../support/cli.ts'
import { journalOf } from '../support/cli-nodes.ts'
import { createHttpsNode, keepApiKey } from '../support/https-node.ts'
import { terminal } from '../support/pty.ts'
import { tempDir } from '../support/temp.ts'
import { API_KEY, type Arrived, OddServer, VERSION, agentAnswers, answerJson, answerProblem } from '../support/tls-server.ts'

const cli = testCli()
const folder = tempDir()
const own: Record<string, (arrived: Arrived) => void> = {}
let genuine: TestCertificate
let impostor: TestCertificate
let ca: MadeCertificate
let server: OddServer

beforeAll(async () => {
  genuine = await makeCertificate()
  impostor = await makeCertificate()
  ca = await makeCertificate({ name: 'Our CA', ca: true })
  server = await OddServer.start(genuine, (arrived) => {
    const path = arrived.path.replace('/v1', '')
    const order = path.startsWith('/orders/') ? '/orders' : path
    const special = own[order]
    if (special === undefined) agentAnswers()(arrived)
    else special(arrived)
  })
  await createHttpsNode(cli, 'web', server.port)
  await keepApiKey(cli, 'web', API_KEY)
})
afterAll(() => server.stop())

beforeEach(async () => {
  server.show(genuine)
  server.received = ''
  server.requests.length = 0
  for (const path of Object.keys(own)) Reflect.deleteProperty(own, path)
  await cli.run(['trust', 'remove', 'web'])
})

const trust = (print = genuine.fingerprint) => cli.ok(['trust', 'add', 'web', '--fingerprint', print])
const words = (line: string): string[] => line.split(' ')

interface Accepted {
  readonly kind: string
  readonly fingerprint: string
  readonly certificate?: string
  readonly type?: string
}
const accepted = async () => (await cli.ok(words('trust show web --json'))).json.data as readonly Accepted[]

/** A run of one node that ends so; nothing of HTTP was sent where it must not be. */
async function expectRun(line: string, exit: number, kind: string, message: RegExp): Promise<NodeOutcome<unknown>> {
  const run = await cli.run([...words(line), '--json'])
  expect([run.exit, run.json.nodes?.[0]?.error?.kind]).toEqual([exit, kind])
  expect(run.json.nodes?.[0]?.error?.message).toMatch(message)
  return run.json.nodes![0]!
}

describe('the identity of an agent', () => {
  test('unknown: exit 5, nothing sent, and the command it names makes it known', async () => {
    const { error } = await expectRun('mta restart web', 5, 'untrusted', /is not known: ecdsa-p256 SHA256:/)
    expect(server.received).toBe('')
    const command = error?.hints.find((hint) => hint.startsWith('akctl ')) ?? ''
    await cli.ok(words(command).slice(1))
    expect(server.received).toBe('')
    await cli.ok(words('mta restart web'))
    expect(server.paths()).toContain('POST /v1/restart')
    expect((await accepted())[0]).toMatchObject({ kind: 'tls', fingerprint: genuine.fingerprint, type: 'ecdsa-p256' })
  })

  test('changed: exit 5, old and new are shown, nothing sent, and trust add refuses it too', async () => {
    await trust()
    server.show(impostor)
    const { error } = await expectRun('mta status web', 5, 'untrusted', /HAS CHANGED/)
    expect(error?.message).toContain(genuine.fingerprint)
    expect(error?.message).toContain(impostor.fingerprint)
    const add = await cli.run(words('trust add web --json'))
    expect(add.json).toMatchObject({ exit: 5, error: { message: expect.stringMatching(/HAS CHANGED/) as unknown } })
    expect(server.received).toBe('')
    expect(await accepted()).toHaveLength(1)
  })

  test('two at once for a change without a gap, a third has no room', async () => {
    await trust()
    server.show(impostor)
    await trust(impostor.fingerprint)
    await cli.ok(words('mta status web'))
    const third = await makeCertificate()
    server.show(third)
    expect((await cli.run(words(`trust add web --fingerprint ${third.fingerprint}`))).exit).toBe(2)
    await cli.ok(words(`trust remove web --fingerprint ${genuine.fingerprint}`))
    expect((await accepted()).map(({ fingerprint }) => fingerprint)).toEqual([impostor.fingerprint])
  })

  test('a fingerprint that the agent does not show is accepted by nothing', async () => {
    const run = await cli.run(words(`trust add web --fingerprint ${impostor.fingerprint} --json`))
    expect(run.json).toMatchObject({ exit: 5, error: { message: expect.stringMatching(/does not show/) as unknown } })
    expect(run.json.error?.detail?.join()).toContain(genuine.fingerprint)
    expect(await accepted()).toEqual([])
  })

  test('without a terminal trust add accepts nothing, and prints what it saw; on one, yes accepts it', async () => {
    const run = await cli.run(words('trust add web --json'))
    expect(run.exit).toBe(2)
    expect(run.json.error?.detail).toEqual([`ecdsa-p256 ${genuine.fingerprint}`])
    const screen = terminal(cli, words('trust add web'))
    await screen.expect(`ecdsa-p256 ${genuine.fingerprint}`)
    await screen.answer(/Type yes/, 'yes')
    expect(await screen.done).toBe(0)
    expect((await accepted())[0]?.certificate).toContain('BEGIN CERTIFICATE')
    expect(server.received).toBe('')
  })

  test('on a terminal with one node the question comes up by itself', async () => {
    const screen = terminal(cli, words('mta status web'))
    await screen.answer(/is not known: ecdsa-p256 SHA256:.*Type yes/s, genuine.fingerprint)
    expect(await screen.done).toBe(0)
    expect((await accepted())[0]?.certificate).toContain('BEGIN CERTIFICATE')
  })

  test("an operator's CA accepts what it has issued for the host", async () => {
    const file = join(folder, 'ca.pem')
    writeFileSync(file, ca.cert)
    await cli.ok(['trust', 'add', 'web', '--ca', file])
    expect(await accepted()).toMatchObject([{ type: 'ca', kind: 'tls', fingerprint: ca.fingerprint }])
    await expectRun('mta status web', 5, 'untrusted', /not one that the accepted CA vouches for/)
    server.show(await makeCertificate({ issuer: ca }))
    await cli.ok(words('mta status web'))
    server.show(await makeCertificate({ issuer: ca, hosts: ['other.example.com'] }))
    await expectRun('mta status web', 5, 'untrusted', /vouches for/)
  })

  test.each([
    ['no CA', () => genuine.cert, /not one of a CA/],
    ['no certificate', () => genuine.key, /no certificate in PEM/],
    ['two certificates', () => `${ca.cert}\n${ca.cert}`, /several certificates/],
  ])('--ca refuses a file with %s', async (_, text, message) => {
    const file = join(folder, 'other.pem')
    writeFileSync(file, text())
    const run = await cli.run(['trust', 'add', 'web', '--ca', file])
    expect(run).toMatchObject({ exit: 2, stderr: expect.stringMatching(message) as unknown })
    expect(run.stderr).not.toContain('PRIVATE')
  })

  test('an environment that switches verification off is refused before anything is done', async () => {
    await trust()
    server.received = ''
    for (const line of ['mta status web', 'trust add web', 'nodes test web']) {
      const run = await cli.run(words(line), { env: { NODE_TLS_REJECT_UNAUTHORIZED: '0' } })
      expect([run.exit, run.stderr.includes('unset NODE_TLS_REJECT_UNAUTHORIZED')]).toEqual([2, true])
    }
    expect(server.received).toBe('')
  })
})

describe('outcomes and exit codes', () => {
  beforeEach(() => trust())

  test.each<[string, (arrived: Arrived) => void, number, string]>([
    ['a wrong key', (arrived) => answerProblem(arrived, 401, 'unauthorized', 'no'), 6, 'unauthorized'],
    ['too many calls', (arrived) => answerProblem(arrived, 429, 'unauthorized', 'no'), 6, 'unauthorized'],
    ["somebody else's change", (arrived) => answerProblem(arrived, 409, 'conflict', 'revision 9'), 8, 'conflict'],
    ['a failed order', (arrived) => answerProblem(arrived, 422, 'failed', 'no'), 1, 'failed'],
    ['a redirect', ({ response }) => void response.writeHead(302, { location: '/' }).end(), 1, 'failed'],
    ['a bug', (arrived) => answerProblem(arrived, 500, 'bug', 'no'), 7, 'unknown'],
    ['a draining agent', ({ response }) => void response.writeHead(503).end(), 7, 'unknown'],
    ['a body that is cut', ({ response }) => void response.writeHead(200, { 'content-length': 99 }).destroy(), 7, 'unknown'],
    ['a link that is cut', ({ request }) => void request.socket.destroy(), 7, 'unknown'],
  ])('of a change: %s', async (_, answer, exit, kind) => {
    own['/restart'] = answer
    own['/orders'] = (arrived) => answerJson(arrived, 200, { id: 'x', verb: 'restart', state: 'done', outcome: 'ok' })
    await expectRun('mta restart web', exit, kind, /./)
    expect(server.paths().filter((path) => path === 'POST /v1/restart')).toHaveLength(1)
    await cli.ok(words('mta status web')) // finds out what became of it, where that is open
  })

  test('an order whose end was not seen is looked up by the next command, and not sent again', async () => {
    own['/restart'] = ({ request }) => void request.socket.destroy()
    await expectRun('mta restart web', 7, 'unknown', /the order was sent, but its end was not seen/)
    const { id } = server.requests.find(({ path }) => path === '/v1/restart')!.body as { id: string }
    own['/orders'] = (arrived) => answerJson(arrived, 200, { id, verb: 'restart', state: 'done', outcome: 'changed' })
    const run = await cli.ok(words('mta status web'))
    expect(run.stderr).toContain('succeeded')
    expect(server.paths()).toContain(`GET /v1/orders/${id}`)
    expect(journalOf(cli).at(-1)).toMatchObject({ node: 'web', outcome: 'changed', orderId: id })
    expect(server.paths().filter((path) => path === 'POST /v1/restart')).toHaveLength(1)
  })

  test('a slow agent is a timeout for a read and unknown for a change', async () => {
    own['/status'] = own['/restart'] = () => undefined
    await expectRun('mta status web --command-timeout 1', 4, 'timeout', /no answer within 1 s/)
    own['/orders'] = (arrived) => answerJson(arrived, 200, { id: 'x', verb: 'restart', state: 'done', outcome: 'ok' })
    await expectRun('mta restart web --change-timeout 1 --lock-timeout 0', 7, 'unknown', /no answer within 1 s/)
    Reflect.deleteProperty(own, '/status')
    await cli.ok(words('mta status web'))
  })

  test.each([
    ['newer', 2, /upgrade akctl on this machine/],
    ['older', 0, /upgrade the agent: akctl nodes archive web --upgrade/],
  ])('a %s major version is refused before the change', async (_, major, hint) => {
    own['/version'] = (arrived) => answerJson(arrived, 200, { ...VERSION, api: { major, minor: 0 } })
    const { error } = await expectRun('mta stop web', 1, 'failed', /version \d\.0 of the API/)
    expect(error?.hints.join()).toMatch(hint)
    expect(server.paths()).not.toContain('POST /v1/stop')
  })

  test('a node without a key in this profile says how to make one, and nothing is sent', async () => {
    await createHttpsNode(cli, 'bare', server.port)
    server.received = ''
    const run = await cli.run(words('mta status bare --json'))
    expect(run.json.nodes?.[0]?.error?.hints.join()).toContain('akctl nodes archive bare --out FILE')
    expect(server.received).toBe('')
    await cli.ok(words('nodes delete bare --yes'))
  })

  test('nothing listens: exit 4', async () => {
    await createHttpsNode(cli, 'gone', 1)
    await expectRun('mta status gone', 4, 'unreachable', /nothing listening/)
  })
})

describe('commands of nodes', () => {
  const steps = async (): Promise<Record<string, string>> => {
    const run = await cli.run(words('nodes test web --json'))
    const { result } = run.json.nodes![0]! as NodeOutcome<{ steps: readonly { step: string; state: string }[] }>
    return Object.fromEntries(result!.steps.map(({ step, state }) => [step, state]))
  }

  test('nodes test goes step by step, and stops at the first that fails', async () => {
    expect(await steps()).toMatchObject({ resolve: 'ok', connect: 'ok', identity: 'failed', auth: 'skipped' })
    expect(server.received).toBe('')
    await trust()
    own['/status'] = (arrived) => {
      const state = {
        running: true,
        listening: [],
        installed: true,
        edited: [],
        version: '3.8.4',
        clock: Math.floor(Date.now() / 1000),
      }
      answerJson(arrived, 200, state)
    }
    expect(new Set(Object.values(await steps()))).toEqual(new Set(['ok']))
    own['/status'] = (arrived) => answerProblem(arrived, 403, 'unauthorized', 'no rights')
    expect(await steps()).toMatchObject({ auth: 'ok', agent: 'ok', rights: 'failed' })
    own['/version'] = (arrived) => answerProblem(arrived, 401, 'unauthorized', 'no')
    expect(await steps()).toMatchObject({ identity: 'ok', auth: 'failed', agent: 'skipped' })
    own['/version'] = (arrived) => answerJson(arrived, 200, { ...VERSION, api: { major: 2, minor: 0 } })
    expect(await steps()).toMatchObject({ auth: 'ok', agent: 'failed' })
    own['/version'] = (arrived) => answerJson(arrived, 200, { ...VERSION, mta: 'haraka' })
    expect(await steps()).toMatchObject({ agent: 'ok', mta: 'failed' })
  })

  test('install refuses, before anything is done, and names the archive', async () => {
    const run = await cli.run(words('nodes install web'))
    expect(run).toMatchObject({ exit: 2, stderr: expect.stringContaining('akctl nodes archive web --out FILE') as unknown })
    expect(server.received).toBe('')
  })

  test('delete forgets its certificate and its key', async () => {
    await trust()
    await createHttpsNode(cli, 'short', 2)
    await keepApiKey(cli, 'short', 'secret')
    await cli.ok(words('nodes delete short --yes'))
    expect((await cli.ok(words('trust list --json'))).json.data).toHaveLength(1)
  })
})

describe('secrets that nobody can unlock', () => {
  const key = ['--secrets-key-file', join(folder, 'secrets-key')]

  beforeAll(async () => {
    await createHttpsNode(cli, 'web2', server.port)
    await keepApiKey(cli, 'web2', API_KEY)
    await cli.ok(['profiles', 'protect', '--new-key-file', join(folder, 'secrets-key')])
  })
  afterAll(async () => {
    await cli.ok(['profiles', 'protect', '--plaintext', ...key])
    await cli.ok(words('nodes delete web2 --yes'))
  })

  test.each(['mta status', 'mta stop --yes', 'nodes test'])(
    '%s over many: one usage error before anything is done, not one a node',
    async (verb) => {
      await trust()
      const before = (await cli.ok(words('journal list --json'))).stdout
      const run = await cli.run([...words(verb), '--all', '--json'])
      expect([run.exit, run.json.error?.kind, run.json.nodes]).toEqual([2, 'usage', undefined])
      expect(run.json.error?.hints.join()).toMatch(/--secrets-key-file/)
      expect(server.received).toBe('')
      expect((await cli.ok(words('journal list --json'))).stdout).toBe(before)
    },
  )

  test('a list is a list even so, and what unlocks them changes that', async () => {
    await trust()
    const list = await cli.ok(words('nodes list'))
    expect(list.stdout.split('\n').filter((line) => /\tweb2?\t/.test(line))).toHaveLength(2)
    expect(server.received).toBe('')
    await cli.ok([...words('mta status web web2'), ...key])
    expect(server.paths().filter((path) => path === 'GET /v1/status')).toHaveLength(2)
  })
})
