import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { terminal } from '../support/pty.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { tempDir } from '../support/temp.ts'

const cli = testCli()
const folder = tempDir()
let node: Sshd
let jump: Sshd

interface Accepted {
  readonly endpoint: string
  readonly fingerprint: string
  readonly type?: string
  readonly source: string
}

async function accepted(target: string): Promise<readonly Accepted[]> {
  return (await cli.ok(['trust', 'show', target, '--json'])).json.data as Accepted[]
}

const create = (name: string, port: number, ...more: string[]): Promise<unknown> =>
  cli.ok(['nodes', 'create', name, '--host', '127.0.0.1', '--port', String(port), '--dir', `/opt/${name}`, ...more])

beforeAll(async () => {
  node = await startSshd({ hostKeys: ['ed25519', 'rsa'] })
  jump = await startSshd()
  await cli.ok(['keys', 'import', 'jumper', jump.key.file])
  await create('mx1', node.port)
  await create('behind', node.port, '--jump', `${jump.user}@127.0.0.1:${jump.port}`, '--jump-key', 'jumper')
})

afterAll(async () => {
  await node.stop()
  await jump.stop()
})

afterEach(async () => {
  for (const { endpoint } of (await cli.ok(['trust', 'list', '--json'])).json.data as Accepted[]) {
    await cli.run(['trust', 'remove', endpoint])
  }
})

describe('by fingerprint', () => {
  test('accepts without asking the server, for node, jump host and endpoint', async () => {
    const print = jump.hostKey().fingerprint
    await cli.ok(['trust', 'add', 'behind', '--jump', '--fingerprint', print])
    await cli.ok(['trust', 'add', 'mx1', '--fingerprint', print])
    await cli.ok(['trust', 'add', '[2001:db8::1]:2222', '--fingerprint', print])
    expect(await accepted('behind')).toMatchObject([
      { endpoint: jump.endpoint, source: 'flag', nodes: ['behind'] },
      { endpoint: node.endpoint, fingerprint: print, nodes: ['mx1', 'behind'] },
    ])
    expect(await accepted('[2001:db8::1]:2222')).toHaveLength(1)
  })

  test('accepts two at once for a change of keys, and says how to make room for a third', async () => {
    const prints = ['e', 'f'].flatMap((letter) => ['--fingerprint', `SHA256:${letter.repeat(43)}`])
    await cli.ok(['trust', 'add', 'mx1', ...prints])
    expect(await accepted('mx1')).toHaveLength(2)
    const third = await cli.run(['trust', 'add', 'mx1', '--fingerprint', `SHA256:${'g'.repeat(43)}`])
    expect(third).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/akctl trust remove 127\.0\.0\.1:\d+ --fingerprint/) as string,
    })
    const again = await cli.ok(['trust', 'add', 'mx1', ...prints, '--json'])
    expect(again.json.data).toMatchObject([{ new: 0 }])
  })

  test.each([
    ['a fingerprint that is none', ['mx1', '--fingerprint', 'MD5:aa:bb'], 2, /no fingerprint: "MD5:aa:bb"/],
    ['an endpoint without a port', ['host.example.com', '--fingerprint', `SHA256:${'e'.repeat(43)}`], 9, /no such node/],
    ['a bad endpoint', ['host:99999', '--fingerprint', `SHA256:${'e'.repeat(43)}`], 2, /no endpoint/],
    ['a jump host that is not there', ['mx1', '--jump', '--fingerprint', `SHA256:${'e'.repeat(43)}`], 2, /has no jump host/],
    ['no target at all', [], 2, /name a node or an endpoint/],
  ] as const)('refuses %s', async (_, args, exit, message) => {
    expect(await cli.run(['trust', 'add', ...args])).toMatchObject({ exit, stderr: expect.stringMatching(message) as string })
  })
})

describe('by what the server shows', () => {
  test('without a terminal nothing is accepted: the fingerprints and the exact command are printed', async () => {
    const run = await cli.run(['trust', 'add', 'mx1', '--json'])
    expect(run.exit).toBe(2)
    expect(run.json.error?.detail).toEqual([
      `ssh-ed25519 ${node.hostKey('ed25519').fingerprint}`,
      `ssh-rsa ${node.hostKey('rsa').fingerprint}`,
    ])
    const command = run.json.error?.hints.find((hint) => hint.startsWith('akctl ')) ?? ''
    expect(await accepted('mx1')).toEqual([])
    await cli.ok(command.split(' ').slice(1))
    expect(await accepted('mx1')).toMatchObject([{ fingerprint: node.hostKey('ed25519').fingerprint }])
    expect(await node.authAttempts()).toEqual([])
  })

  test('on a terminal, yes accepts the first one', async () => {
    const screen = terminal(cli, ['trust', 'add', 'mx1'])
    await screen.expect(`ssh-ed25519 ${node.hostKey('ed25519').fingerprint}`)
    await screen.expect(`ssh-rsa ${node.hostKey('rsa').fingerprint}`)
    await screen.answer(/Type yes/, 'yes')
    expect(await screen.done).toBe(0)
    expect(await accepted('mx1')).toMatchObject([
      { type: 'ssh-ed25519', fingerprint: node.hostKey('ed25519').fingerprint, source: 'prompt' },
    ])
  })

  test('on a terminal, a pasted fingerprint accepts that one, and a foreign one nothing', async () => {
    const screen = terminal(cli, ['trust', 'add', 'mx1'])
    await screen.answer(/Type yes/, node.hostKey('rsa').fingerprint)
    expect(await screen.done).toBe(0)
    expect(await accepted('mx1')).toMatchObject([{ type: 'ssh-rsa' }])
    await cli.ok(['trust', 'remove', 'mx1'])
    const other = terminal(cli, ['trust', 'add', 'mx1'])
    await other.answer(/Type yes/, jump.hostKey().fingerprint)
    await other.expect(/does not show/)
    expect(await other.done).toBe(130)
    expect(await accepted('mx1')).toEqual([])
  })

  test('anything but yes accepts nothing', async () => {
    const screen = terminal(cli, ['trust', 'add', 'mx1'])
    await screen.answer(/Type yes/, 'y')
    expect(await screen.done).toBe(130)
    expect(await accepted('mx1')).toEqual([])
  })

  test('what is accepted already is no question', async () => {
    await cli.ok(['trust', 'add', 'mx1', '--fingerprint', node.hostKey('rsa').fingerprint])
    const run = await cli.ok(['trust', 'add', 'mx1', '--json'])
    expect(run.json.data).toMatchObject([{ new: 0, accepted: [{ fingerprint: node.hostKey('rsa').fingerprint }] }])
  })

  test('a changed identity is refused with old and new, and never replaced', async () => {
    const old = `SHA256:${'h'.repeat(43)}`
    await cli.ok(['trust', 'add', 'mx1', '--fingerprint', old])
    const screen = terminal(cli, ['trust', 'add', 'mx1'])
    await screen.expect(/HAS CHANGED/)
    await screen.expect(old)
    await screen.expect(node.hostKey('ed25519').fingerprint)
    expect(await screen.done).toBe(5)
    expect(await accepted('mx1')).toMatchObject([{ fingerprint: old }])
  })

  test('behind a jump host the node is asked by way of it, whose own identity comes first', async () => {
    const untrusted = await cli.run(['trust', 'add', 'behind'])
    expect(untrusted.exit).toBe(5)
    expect(untrusted.stderr).toContain(`akctl trust add behind --jump --fingerprint ${jump.hostKey().fingerprint}`)
    expect(await jump.authAttempts()).toEqual([])
    await cli.ok(['trust', 'add', 'behind', '--jump', '--fingerprint', jump.hostKey().fingerprint])
    const shown = await cli.run(['trust', 'add', 'behind', '--json'])
    expect(shown.json.error?.detail).toContain(`ssh-ed25519 ${node.hostKey('ed25519').fingerprint}`)
    expect((await jump.authAttempts()).length).toBeGreaterThan(0)
  })

  test('an endpoint that does not answer is unreachable', async () => {
    const run = await cli.run(['trust', 'add', '127.0.0.1:1', '--connect-timeout', '3', '--json'])
    expect(run.json).toMatchObject({ exit: 4, error: { kind: 'unreachable' } })
  })
})

describe('from known_hosts', () => {
  /** What ssh-keyscan says of a server, as ssh itself keeps it. */
  const scanned = (...servers: readonly Sshd[]): string =>
    servers
      .map(({ port }) => execFileSync('ssh-keyscan', ['-p', String(port), '127.0.0.1'], { encoding: 'utf8', stdio: 'pipe' }))
      .join('')

  test('takes all nodes and jump hosts of a file, hashed names too', async () => {
    const file = join(folder, 'hashed')
    writeFileSync(file, scanned(node, jump))
    execFileSync('ssh-keygen', ['-q', '-H', '-f', file], { stdio: 'pipe' })
    const run = await cli.ok(['trust', 'add', '--from-known-hosts', file, '--json'])
    expect(run.json.data).toMatchObject([{ endpoint: node.endpoint }, { endpoint: jump.endpoint }])
    const of = (await accepted('behind')).map(({ endpoint, fingerprint }) => [endpoint, fingerprint])
    expect(of).toEqual([
      [node.endpoint, node.hostKey('ed25519').fingerprint],
      [node.endpoint, node.hostKey('rsa').fingerprint],
      [jump.endpoint, jump.hostKey().fingerprint],
    ])
  })

  test('takes one node only where one is named, and says which hosts the file does not know', async () => {
    const file = join(folder, 'both')
    writeFileSync(file, scanned(node, jump))
    await cli.ok(['trust', 'add', 'behind', '--jump', '--from-known-hosts', file])
    expect((await accepted('behind')).map(({ endpoint }) => endpoint)).toEqual([jump.endpoint])
    writeFileSync(file, scanned(jump))
    const all = await cli.ok(['trust', 'add', '--from-known-hosts', file, '--json'])
    expect(all.json.warnings.join()).toContain(`no host key of ${node.endpoint}`)
    const one = await cli.run(['trust', 'add', 'mx1', '--from-known-hosts', file])
    expect(one).toMatchObject({ exit: 9, stderr: expect.stringContaining(node.endpoint) as string })
  })

  test('keeps two at most, the best ones, and says what was left out', async () => {
    const lines = scanned(node).replace(/^\[127\.0\.0\.1\]:\d+/gm, 'many.example')
    execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-N', '', '-f', join(folder, 'ecdsa')])
    const extra = readFileSync(join(folder, 'ecdsa.pub'), 'utf8')
    const file = join(folder, 'many')
    writeFileSync(file, `${lines}many.example ${extra}`)
    const run = await cli.ok(['trust', 'add', 'many.example:22', '--from-known-hosts', file, '--json'])
    expect((await accepted('many.example:22')).map(({ type }) => type)).toEqual(['ssh-ed25519', 'ecdsa-sha2-nistp256'])
    expect(run.json.warnings.join()).toMatch(/ssh-rsa left out/)
  })

  test('names lines it passed over, and a file it cannot read', async () => {
    const file = join(folder, 'odd')
    writeFileSync(file, `nonsense\n@cert-authority *.example.com ssh-ed25519 AAAA\n${scanned(node)}`)
    const run = await cli.ok(['trust', 'add', 'mx1', '--from-known-hosts', file, '--json'])
    expect(run.json.warnings.join('\n')).toMatch(/line 1 passed over[\s\S]*line 2 passed over.*certificate authority/)
    expect((await cli.run(['trust', 'add', 'mx1', '--from-known-hosts', join(folder, 'missing')])).exit).toBe(2)
  })
})

describe('remove', () => {
  test('takes one identity or all of an endpoint away; nothing to remove is exit 9', async () => {
    const [one = '', two = ''] = ['i', 'j'].map((letter) => `SHA256:${letter.repeat(43)}`)
    await cli.ok(['trust', 'add', 'mx1', '--fingerprint', one, '--fingerprint', two])
    await cli.ok(['trust', 'remove', 'mx1', '--fingerprint', one])
    expect((await accepted('mx1')).map(({ fingerprint }) => fingerprint)).toEqual([two])
    await cli.ok(['trust', 'remove', node.endpoint])
    expect(await accepted('mx1')).toEqual([])
    expect((await cli.run(['trust', 'remove', 'mx1'])).exit).toBe(9)
  })
})

describe('an unknown identity at connecting, on a terminal', () => {
  const none = (): Promise<unknown> => cli.run(['trust', 'remove', `127.0.0.1:${node.port}`])

  beforeAll(async () => {
    await cli.ok(['keys', 'import', 'logs-in', node.key.file])
    for (const name of ['ask1', 'ask2']) await create(name, node.port, '--user', node.user, '--key', 'logs-in')
  })

  beforeEach(none)

  test('is asked about when one node is selected; what is no yes accepts nothing', async () => {
    const screen = terminal(cli, ['mta', 'status', 'ask1'])
    await screen.answer(/is not known: ssh-ed25519 SHA256:.*Type yes/s, 'y')
    expect(await screen.done).toBe(5)
    expect(await accepted('ask1')).toEqual([])
  })

  test.each([
    ['yes', () => 'yes'],
    ['the pasted fingerprint', () => node.hostKey().fingerprint],
  ])('%s accepts and records it, and the command goes on', async (_, answer) => {
    const screen = terminal(cli, ['mta', 'status', 'ask1'])
    await screen.answer(/is not known: ssh-ed25519 SHA256:.*Type yes/s, answer())
    expect([await screen.done, screen.text()]).toEqual([0, expect.stringMatching(/ask1/)])
    expect(await accepted('ask1')).toMatchObject([{ fingerprint: node.hostKey().fingerprint, source: 'prompt' }])
  })

  test('is not asked about when two are', async () => {
    const screen = terminal(cli, ['mta', 'status', 'ask1', 'ask2'])
    expect(await screen.done).toBe(5)
    expect(screen.text()).not.toContain('Type yes')
    expect(await accepted('ask1')).toEqual([])
  })
})
