import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeRecord } from '../../src/node/record.ts'
import { testCli } from '../support/cli.ts'

const cli = testCli()

/** What is on the disk, whatever akctl says. */
function stored(name: string): NodeRecord | undefined {
  const file = join(cli.home, 'profiles/default/profile.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { nodes: NodeRecord[] }).nodes.find((node) => node.name === name)
}

const words = (line: string): string[] => line.split(' ')

describe('nodes create', () => {
  test('writes every field, in its canonical form', async () => {
    await cli.ok(['keys', 'create', 'fleet', '--no-passphrase'])
    await cli.ok([
      ...words('nodes create mx1 --host MX1.Example.COM --port 2222 --dir /opt//akmta/ --user deploy --key fleet --sudo'),
      ...words('--jump ops@[2001:db8::1]:2200 --jump-key agent --mta haraka --service haraka@mx1.service'),
      ...words('--address 203.0.113.5 --address 2001:DB8::5 --address 203.0.113.5 --label role=relay --label env=prod'),
    ])
    expect(stored('mx1')).toEqual({
      id: 1,
      name: 'mx1',
      host: 'mx1.example.com',
      port: 2222,
      directory: '/opt/akmta',
      access: 'ssh',
      mta: 'haraka',
      user: 'deploy',
      key: 'fleet',
      sudo: true,
      jump: { user: 'ops', host: '2001:db8::1', port: 2200, key: 'agent' },
      service: 'haraka@mx1.service',
      addresses: ['203.0.113.5', '2001:db8::5'],
      labels: { role: 'relay', env: 'prod' },
      settings: {},
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    })
  })

  test('needs no more than a name, a host and a directory; a node of this machine not even a host', async () => {
    await cli.ok(words('nodes create small --host 10.0.0.1 --dir /opt/a'))
    expect(stored('small')).toMatchObject({ access: 'ssh', mta: 'postfix', sudo: false, addresses: [], labels: {} })
    await cli.ok(words('nodes create here --access local --dir /opt/here'))
    expect(stored('here')).toMatchObject({ access: 'local', host: 'localhost' })
  })

  test('the jump host takes user and key from the node where none is given', async () => {
    await cli.ok(words('nodes create hop --host 10.0.0.2 --dir /opt/a --user deploy --key fleet --jump bastion'))
    expect(stored('hop')?.jump).toEqual({ user: 'deploy', host: 'bastion', port: 22, key: 'fleet' })
  })

  test('says everything that is wrong with a command line at once, and does nothing', async () => {
    const run = await cli.run(
      words(
        'nodes create Bad --host a:1 --port 0 --dir x --access x --mta x --user -x --key A --jump @ --jump-key B --service / --address 0.0.0.0 --label x',
      ),
    )
    expect(run.exit).toBe(2)
    for (const flag of [
      'NAME',
      '--host',
      '--port',
      '--dir',
      '--access',
      '--mta',
      '--user',
      '--key',
      '--jump',
      '--jump-key',
      '--service',
      '--address',
      '--label',
    ]) {
      expect(run.stderr).toMatch(new RegExp(`^  ${flag}: `, 'm'))
    }
    expect(stored('Bad')).toBeUndefined()
  })

  test('without a terminal, what is missing is a usage error that names the flags', async () => {
    const run = await cli.run(words('nodes create --json'))
    expect(run.exit).toBe(2)
    expect(run.json.error?.message).toMatch(/NAME: is missing[\s\S]*--host: is missing[\s\S]*--dir: is missing/)
  })

  test.each([
    ['a name that is taken', 'nodes create small --host 10.9.9.9 --dir /opt/b', 2, /already/],
    ['a place that is taken', 'nodes create twin --host 10.0.0.1 --port 22 --dir /opt/a/', 2, /small is in the same place/],
    ['a key that is not there', 'nodes create x --host h --dir /opt/a --key flet', 9, /did you mean fleet/],
    ['a login for this machine', 'nodes create x --access local --dir /opt/x --user u --port 1', 2, /--port: .*--user: /s],
    [
      'an SSH login for an agent',
      'nodes create x --host h --access https --dir /opt/x --key agent --sudo',
      2,
      /--key: .*--sudo: /s,
    ],
    ['a key for no jump host', 'nodes create x --host h --dir /opt/x --jump-key agent', 2, /--jump-key: needs a jump host/],
    [
      "two addresses of a family for the system's Postfix",
      'nodes create x --host h --dir /etc/postfix --address 192.0.2.1 --address 192.0.2.2',
      2,
      /--address: several sending addresses of one family: .*master\.cf/,
    ],
    ["Postfix's own directory for Haraka", 'nodes create x --host h --dir /etc/postfix --mta haraka', 2, /belongs to Postfix/],
  ])('refuses %s', async (_, line, exit, message) => {
    expect(await cli.run(words(line))).toMatchObject({ exit, stdout: '', stderr: expect.stringMatching(message) as string })
    expect(stored('x') ?? stored('twin')).toBeUndefined()
  })

  test('an https node is registered, and what comes next is its archive', async () => {
    const run = await cli.ok(words('nodes create web --host h --access https --dir /opt/a -o table'))
    expect(run.stdout).toContain('akctl nodes archive web --out FILE')
    expect(stored('web')).toMatchObject({ access: 'https', host: 'h', sudo: false })
    expect((await cli.run(words('nodes create web2 --access https'))).stderr).toMatch(
      /--host: is missing[\s\S]*--dir: is missing/,
    )
  })
})

describe('nodes edit', () => {
  test('changes what is named and nothing else; takes single labels away', async () => {
    const before = stored('mx1')
    await cli.ok(words('nodes edit 1 --host 203.0.113.9 --label env= --label tier=1 --address 203.0.113.6 --no-sudo'))
    expect(stored('mx1')).toEqual({
      ...before,
      host: '203.0.113.9',
      labels: { role: 'relay', tier: '1' },
      addresses: ['203.0.113.6'],
      sudo: false,
    })
  })

  test('takes fields away', async () => {
    await cli.ok(words('nodes edit mx1 --no-jump --no-service --no-port --no-user --no-key --no-address --no-label'))
    const after = stored('mx1')
    for (const field of ['jump', 'service', 'port', 'user', 'key']) expect(after).not.toHaveProperty(field)
    expect(after).toMatchObject({ addresses: [], labels: {} })
  })

  test('renames, and refuses a taken name', async () => {
    await cli.ok(words('nodes edit mx1 --name mx01'))
    expect(stored('mx01')?.id).toBe(1)
    expect((await cli.run(words('nodes edit mx01 --name small'))).exit).toBe(2)
    await cli.ok(words('nodes edit mx01 --name mx1'))
  })

  test('another access drops what belonged to the old one', async () => {
    await cli.ok(words('nodes edit hop --access local'))
    for (const field of ['user', 'key', 'jump', 'port']) expect(stored('hop')).not.toHaveProperty(field)
  })

  test.each([
    ['nothing', 'nodes edit mx1', 2, /nothing to change/],
    ['a field both set and taken away', 'nodes edit mx1 --jump a@b --no-jump', 2, /jump/],
    ['a bad value', 'nodes edit mx1 --port 99999', 2, /--port: .*1 to 65535/],
    ['an unknown node', 'nodes edit mx9 --port 22', 9, /did you mean mx1/],
    ['a key that is not there', 'nodes edit mx1 --key nope', 9, /no such key: nope/],
  ])('refuses %s', async (_, line, exit, message) => {
    const before = stored('mx1')
    expect(await cli.run(words(line))).toMatchObject({ exit, stderr: expect.stringMatching(message) as string })
    expect(stored('mx1')).toEqual(before)
  })

  test('a change that changes nothing says so', async () => {
    const run = await cli.ok(words('nodes edit mx1 --host 203.0.113.9 -o table'))
    expect(run.stdout).toBe('mx1: nothing to do, it is like that already\n')
  })
})

describe('nodes list and show', () => {
  test('list has the eight columns, without status on demand, and selects', async () => {
    const { stdout } = await cli.ok(words('nodes list --no-status small here'))
    expect(stdout).toBe('2\tsmall\t10.0.0.1\tssh\tpostfix\t-\t-\t-\n3\there\tlocalhost\tlocal\tpostfix\t-\t-\t-\n')
    const table = await cli.ok(words('nodes list --no-status -o table'))
    expect(table.stdout.split('\n')[0]?.trim().split(/ +/)).toEqual(words('ID NAME HOST ACCESS MTA STATUS SYNCED LABELS'))
    await cli.ok(words('nodes edit here --label role=relay'))
    expect((await cli.ok([...words('nodes list --no-status -o name -l'), 'role=relay'])).stdout).toBe('here\n')
    expect((await cli.run(['nodes', 'list', '--no-status', '-l', 'role=none'])).exit).toBe(9)
  })

  test('asks the nodes; one that does not answer is listed with its outcome, and the list could be made', async () => {
    await cli.ok(words('nodes create gone --host 127.0.0.1 --port 1 --dir /opt/gone'))
    const { json } = await cli.ok(words('nodes list here gone --json'))
    expect(json).toMatchObject({ ok: true, exit: 0 })
    expect(json.data).toMatchObject([
      { name: 'here', status: 'absent', synced: 'never' },
      { name: 'gone', status: 'unreachable', synced: 'unknown', error: { kind: 'unreachable' } },
    ])
  })

  test('show has the record, all settings with their origin, trust, and why there is no state', async () => {
    await cli.ok(['trust', 'add', 'gone', '--fingerprint', `SHA256:${'b'.repeat(43)}`])
    const { json } = await cli.ok(words('nodes show gone --json'))
    const data = json.data as { settings: unknown[] }
    expect(data).toMatchObject({
      node: { name: 'gone', port: 1 },
      trust: [{ endpoint: '127.0.0.1:1', nodes: ['gone'] }],
      status: { status: 'unreachable', synced: 'unknown', error: { kind: 'unreachable' } },
    })
    expect(data.settings).toHaveLength(23)
    const quiet = await cli.ok(words('nodes show gone --no-status --json'))
    expect(quiet.json.data).not.toHaveProperty('status')
  })

  test('both spellings work for every verb', async () => {
    await cli.ok(words('node create both --access local --dir /opt/both'))
    await cli.ok(words('node edit both --label a=b'))
    expect((await cli.ok(words('node list both --no-status -o name'))).stdout).toBe('both\n')
    expect((await cli.ok(words('node show both --no-status -o name'))).stdout).toBe('both\n')
    await cli.ok(words('node delete both --yes'))
    expect(stored('both')).toBeUndefined()
  })
})

describe('nodes delete', () => {
  test('needs consent without a terminal, and forgets the record', async () => {
    expect(await cli.run(words('nodes delete small'))).toMatchObject({
      exit: 2,
      stderr: expect.stringMatching(/--yes/) as string,
    })
    expect(stored('small')).toBeDefined()
    await cli.ok(words('nodes delete small --yes'))
    expect(stored('small')).toBeUndefined()
    expect((await cli.run(words('nodes delete small --yes'))).exit).toBe(9)
  })

  test('an id is never given again', async () => {
    await cli.ok(words('nodes create last --host l --dir /opt/a'))
    const id = stored('last')?.id ?? 0
    await cli.ok(words('nodes delete last --yes'))
    await cli.ok(words('nodes create last --host l --dir /opt/a'))
    expect(stored('last')?.id).toBe(id + 1)
  })

  test('forgets identities no other node uses, and keeps those that one does', async () => {
    const print = (letter: string): string[] => ['--fingerprint', `SHA256:${letter.repeat(43)}`]
    await cli.ok(words('nodes create d1 --host d1 --dir /opt/a --jump ops@bastion'))
    await cli.ok(words('nodes create d2 --host d2 --dir /opt/a --jump ops@bastion'))
    await cli.ok(['trust', 'add', 'd1', ...print('c')])
    await cli.ok(['trust', 'add', 'd1', '--jump', ...print('d')])
    await cli.ok(words('nodes delete d1 --yes'))
    const left = async (): Promise<string> => (await cli.ok(words('trust list -o name'))).stdout
    expect(await left()).toMatch(/^bastion:22$/m)
    expect(await left()).not.toMatch(/^d1:22$/m)
    await cli.ok(words('nodes delete d2 --yes'))
    expect(await left()).not.toMatch(/^bastion:22$/m)
  })
})
