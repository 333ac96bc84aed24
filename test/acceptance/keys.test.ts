import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { startSshd } from '../support/sshd.ts'
import { tempDir } from '../support/temp.ts'

const cli = testCli()
const folder = tempDir()
const keyFile = (name: string): string => join(cli.home, 'profiles/default/keys', name)

/** What ssh-keygen itself says of a private key file. */
function keygen(file: string, passphrase = ''): string {
  return execFileSync('ssh-keygen', ['-y', '-P', passphrase, '-f', file], { encoding: 'utf8', stdio: 'pipe' }).trim()
}

describe('keys create', () => {
  test('makes an ed25519 file that only its owner can read and that ssh-keygen reads', async () => {
    const { json } = await cli.ok(['keys', 'create', 'plain', '--comment', 'for the fleet', '--json'])
    const made = json.data as { publicLine: string; fingerprint: string }
    expect(statSync(keyFile('plain')).mode & 0o777).toBe(0o600)
    expect(keygen(keyFile('plain'))).toBe(made.publicLine)
    expect(made.publicLine).toMatch(/^ssh-ed25519 \S+ for the fleet$/)
    const listed = execFileSync('ssh-keygen', ['-lf', keyFile('plain')], { encoding: 'utf8' })
    expect(listed).toContain(made.fingerprint)
  })

  test.each([
    ['stdin', ['--passphrase-stdin'], { input: 'from stdin\n' }, 'from stdin'],
    ['the environment', [], { env: { AKCTL_PASSPHRASE: 'from env' } }, 'from env'],
  ] as const)('takes the passphrase from %s', async (source, flags, options, passphrase) => {
    const name = `pass-${source.length}`
    await cli.ok(['keys', 'create', name, ...flags], options)
    expect(() => keygen(keyFile(name), 'wrong')).toThrow(/incorrect passphrase/)
    expect(keygen(keyFile(name), passphrase)).toMatch(/^ssh-ed25519 /)
  })

  test('takes the passphrase from a file named by flag or variable, and the flag for none wins', async () => {
    const file = join(folder, 'pass')
    writeFileSync(file, 'from file\n')
    await cli.ok(['keys', 'create', 'by-flag', '--passphrase-file', file])
    await cli.ok(['keys', 'create', 'by-variable'], { env: { AKCTL_PASSPHRASE_FILE: file } })
    await cli.ok(['keys', 'create', 'without', '--no-passphrase'], { env: { AKCTL_PASSPHRASE_FILE: file } })
    expect(keygen(keyFile('by-flag'), 'from file')).toMatch(/^ssh-ed25519/)
    expect(keygen(keyFile('by-variable'), 'from file')).toMatch(/^ssh-ed25519/)
    expect(keygen(keyFile('without'))).toMatch(/^ssh-ed25519/)
  })

  test.each([
    ['an empty passphrase', '\n', /from stdin is empty/],
    ['two lines', 'one\ntwo\n', /more than one line/],
  ])('refuses %s and makes nothing', async (_, input, message) => {
    const run = await cli.run(['keys', 'create', 'bad-pass', '--passphrase-stdin'], { input })
    expect(run).toMatchObject({ exit: 2, stderr: expect.stringMatching(message) as string })
    expect(existsSync(keyFile('bad-pass'))).toBe(false)
  })

  test('a passphrase file that is not there is named, when a key is made and when it is used', async () => {
    const made = await cli.run(['keys', 'create', 'no-file', '--passphrase-file', '/nope'])
    expect(made).toMatchObject({ exit: 2, stderr: expect.stringMatching(/there is no passphrase file .*\/nope/) as string })
    const sshd = await startSshd()
    await cli.ok(['keys', 'create', 'used', '--passphrase-stdin'], { input: 'pw' })
    await cli.ok([
      'nodes',
      'create',
      'user',
      '--host',
      '127.0.0.1',
      '--port',
      String(sshd.port),
      '--dir',
      '/opt/a',
      '--key',
      'used',
    ])
    await cli.ok(['trust', 'add', 'user', '--fingerprint', sshd.hostKey().fingerprint])
    const used = await cli.run(['mta', 'status', 'user', '--passphrase-file', '/nope'])
    await sshd.stop()
    expect(used.stderr).toMatch(/there is no passphrase file .*\/nope/)
    expect(used.stderr).not.toMatch(/bug/)
  })

  test('no flag takes a passphrase as its value, and none is printed', async () => {
    const help = await cli.ok(['keys', 'create', '--help'])
    expect(help.stdout).not.toMatch(/--passphrase[ =]/)
    const run = await cli.ok(['keys', 'create', 'quiet', '--passphrase-stdin', '--json'], { input: 'hunter2-secret' })
    expect(run.stdout + run.stderr).not.toContain('hunter2')
    const journal = await cli.ok(['journal', 'list', '--json'])
    expect(journal.stdout).not.toContain('hunter2')
  })

  test.each([
    ['a name that is taken', 'plain', /already/],
    ['a name that is none', 'Bad Name', /is no name for a key/],
    ['the name of the agent', 'agent', /ssh-agent/],
    ['a path', '../plain', /is no name for a key/],
  ])('refuses %s', async (_, name, message) => {
    const run = await cli.run(['keys', 'create', name, '--no-passphrase'])
    expect(run).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringMatching(message) as string })
  })

  test('asks for nothing before it is known that the key can be made', async () => {
    const run = await cli.run(['keys', 'create', 'plain', '--passphrase-stdin'])
    expect(run.stderr).toMatch(/already/)
  })
})

describe('keys import', () => {
  const made = (type: string, passphrase: string, ...more: string[]): string => {
    const file = join(folder, `${type}-${passphrase}${more.join('')}`)
    execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', 'theirs', '-f', file, ...more])
    return file
  }

  test.each([['ed25519'], ['ecdsa'], ['rsa']])('takes in an OpenSSH %s key and leaves the original alone', async (type) => {
    const file = made(type, '')
    const before = readFileSync(file)
    const { json } = await cli.ok(['keys', 'import', `got-${type}`, file, '--json'])
    expect(json.data).toMatchObject({ name: `got-${type}`, encrypted: false })
    expect(keygen(keyFile(`got-${type}`))).toBe(keygen(file))
    expect(readFileSync(file).equals(before)).toBe(true)
  })

  test('keeps a passphrase, and refuses a wrong or a missing one', async () => {
    const file = made('ed25519', 'open sesame')
    const wrong = await cli.run(['keys', 'import', 'locked', file, '--passphrase-stdin'], { input: 'wrong' })
    expect(wrong).toMatchObject({ exit: 2, stderr: expect.stringMatching(/passphrase/) as string })
    const none = await cli.run(['keys', 'import', 'locked', file])
    expect(none).toMatchObject({ exit: 2, stderr: expect.stringMatching(/passphrase/) as string })
    expect(existsSync(keyFile('locked'))).toBe(false)
    await cli.ok(['keys', 'import', 'locked', file, '--passphrase-stdin'], { input: 'open sesame\n' })
    expect(() => keygen(keyFile('locked'))).toThrow(/incorrect passphrase/)
    expect(keygen(keyFile('locked'), 'open sesame')).toBe(keygen(file, 'open sesame'))
  })

  test('takes a key from stdin', async () => {
    const file = made('ed25519', '', '-Z', 'aes256-ctr')
    await cli.ok(['keys', 'import', 'piped', '-'], { input: readFileSync(file, 'utf8') })
    expect(keygen(keyFile('piped'))).toBe(keygen(file))
    const both = await cli.run(['keys', 'import', 'both', '-', '--passphrase-stdin'], { input: 'x' })
    expect(both).toMatchObject({ exit: 2, stderr: expect.stringMatching(/cannot both come from stdin/) as string })
  })

  test('refuses what is no private key, naming what would be', async () => {
    const publicFile = `${made('ed25519', '', '-a', '1')}.pub`
    const run = await cli.run(['keys', 'import', 'nokey', publicFile])
    expect(run).toMatchObject({ exit: 2, stderr: expect.stringMatching(/public key/) as string })
    const missing = await cli.run(['keys', 'import', 'nokey', join(folder, 'not-there')])
    expect(missing).toMatchObject({ exit: 2, stderr: expect.stringMatching(/there is no file/i) as string })
  })
})

describe('keys list and show', () => {
  test('list shows fingerprints and users, show the public line and nothing private', async () => {
    await cli.ok(['keys', 'create', 'shown', '--no-passphrase'])
    await cli.ok('nodes create user1 --host h1 --dir /opt/a --key shown'.split(' '))
    await cli.ok('nodes create user2 --host h2 --dir /opt/a --jump ops@j:22 --jump-key shown'.split(' '))
    const { json } = await cli.ok(['keys', 'list', '--json'])
    const all = json.data as { name: string; usedBy: string[]; fingerprint: string }[]
    const listed = all.find(({ name }) => name === 'shown')
    expect(listed?.usedBy).toEqual(['user1', 'user2'])
    const shown = await cli.ok(['keys', 'show', 'shown'])
    expect(shown.stdout).toBe(`${keygen(keyFile('shown'))}\n`)
    const check = spawnSync('ssh-keygen', ['-lf', '-'], { input: shown.stdout, encoding: 'utf8' })
    expect(check.stdout).toContain(listed?.fingerprint)
    for (const format of ['table', 'tsv', 'json', 'yaml', 'ndjson', 'name']) {
      expect((await cli.ok(['keys', 'show', 'shown', '-o', format])).stdout).not.toContain('PRIVATE')
    }
  })

  test('an unknown key is exit 9 and names a near one', async () => {
    const run = await cli.run(['keys', 'show', 'shwon', '--json'])
    expect(run.exit).toBe(9)
    expect(run.json.error?.hints).toContain('did you mean shown?')
  })
})

describe('keys delete', () => {
  test('is refused while a node or a jump host uses the key, naming the nodes', async () => {
    await cli.ok(['keys', 'create', 'needed', '--no-passphrase'])
    await cli.ok('nodes create n1 --host n1 --dir /opt/a --key needed'.split(' '))
    await cli.ok('nodes create n2 --host n2 --dir /opt/a --jump ops@j:22 --jump-key needed'.split(' '))
    const run = await cli.run(['keys', 'delete', 'needed', '--yes'])
    expect(run).toMatchObject({ exit: 2, stderr: expect.stringMatching(/in use by n1, n2/) as string })
    expect(existsSync(keyFile('needed'))).toBe(true)
    await cli.ok(['nodes', 'edit', 'n1', '--no-key'])
    await cli.ok(['nodes', 'edit', 'n2', '--no-jump'])
    await cli.ok(['keys', 'delete', 'needed', '--yes'])
    expect(existsSync(keyFile('needed'))).toBe(false)
    expect(existsSync(`${keyFile('needed')}.pub`)).toBe(false)
  })

  test('needs consent without a terminal', async () => {
    await cli.ok(['keys', 'create', 'kept', '--no-passphrase'])
    const run = await cli.run(['keys', 'delete', 'kept'])
    expect(run).toMatchObject({ exit: 2, stderr: expect.stringMatching(/--yes/) as string })
    expect(existsSync(keyFile('kept'))).toBe(true)
  })

  test('a damaged key file is shown as that, and is in the way of no other key, nor of its deletion', async () => {
    await cli.ok(['keys', 'create', 'broken', '--no-passphrase'])
    writeFileSync(keyFile('broken'), 'nonsense')
    const listed = await cli.ok(['keys', 'list', '--json'])
    const names = (listed.json.data as { name: string; damaged?: string }[]).map(({ name, damaged }) => [name, damaged])
    expect(names).toContainEqual(['broken', expect.stringContaining(keyFile('broken'))])
    expect(names).toContainEqual(['plain', undefined])
    expect(listed.json.warnings).toEqual([expect.stringMatching(/broken can't be used/)])
    expect((await cli.ok(['keys', 'list', '-o', 'tsv'])).stdout).toMatch(/^broken\tdamaged\t-\t-\t-\t$/m)
    await cli.ok(['keys', 'create', 'beside', '--no-passphrase'])
    await cli.ok('nodes create beside --host beside --dir /opt/a --key plain'.split(' '))
    expect((await cli.run(['keys', 'show', 'broken'])).exit).toBe(1)
    await cli.ok(['keys', 'delete', 'broken', '--yes'])
    expect(existsSync(keyFile('broken'))).toBe(false)
  })

  test('every change is in the journal, with the fingerprint', async () => {
    const { json } = await cli.ok(['journal', 'list', '--json'])
    const verbs = (json.data as { verb: string; message?: string }[]).filter(({ message }) =>
      message?.startsWith('needed SHA256:'),
    )
    expect(verbs.map(({ verb }) => verb)).toEqual(['keys create', 'keys delete'])
  })
})
