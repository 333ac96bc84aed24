import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeRecord } from '../../src/node/record.ts'
import { testCli } from '../support/cli.ts'
import { KEY, terminal } from '../support/pty.ts'

const cli = testCli()

function stored(name: string): NodeRecord | undefined {
  const file = join(cli.home, 'profiles/default/profile.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { nodes: NodeRecord[] }).nodes.find((node) => node.name === name)
}

beforeAll(async () => {
  await cli.ok(['keys', 'create', 'fleet', '--no-passphrase'])
  await cli.ok(['nodes', 'create', 'there', '--host', 'there', '--dir', '/opt/a'])
})

describe('nodes create on a terminal', () => {
  test('asks for all that is missing, refuses a bad answer with what is allowed, and registers', async () => {
    const screen = terminal(cli, ['nodes', 'create'])
    await screen.answer(/Name of the node/, 'Bad Name')
    await screen.expect(/is no name for a node/)
    screen.send('\u0015mx1\r') // Ctrl-U: the line is cleared
    await screen.expect(/How is it reached/)
    screen.send(KEY.enter)
    await screen.answer(/Host name or address/, 'mx1.example.com')
    await screen.expect(/Which mail server/)
    screen.send(`${KEY.down}${KEY.enter}`)
    await screen.answer(/Installation directory/, '/opt/akmta')
    await screen.expect(/Which key logs in/)
    screen.send(KEY.enter)
    await screen.expect(/registered mx1 with id \d+/)
    expect(await screen.done).toBe(0)
    expect(stored('mx1')).toMatchObject({
      host: 'mx1.example.com',
      directory: '/opt/akmta',
      access: 'ssh',
      mta: 'haraka',
      key: 'fleet',
    })
  })

  test('asks only for what is missing, and for no host on this machine', async () => {
    const screen = terminal(cli, ['nodes', 'create', 'here', '--access', 'local', '--mta', 'postfix'])
    await screen.answer(/Installation directory/, '/opt/here')
    expect(await screen.done).toBe(0)
    expect(screen.text()).not.toMatch(/Host name|Which/)
    expect(stored('here')).toMatchObject({ host: 'localhost', directory: '/opt/here' })
  })

  test('asks nothing when nothing is missing, and refuses a bad flag before any question', async () => {
    const whole = terminal(cli, 'nodes create whole --host h --dir /opt/a'.split(' '))
    expect(await whole.done).toBe(0)
    expect(whole.text()).not.toContain('?')
    const bad = terminal(cli, 'nodes create bad --port 0'.split(' '))
    await bad.expect(/--port: .*1 to 65535/)
    expect(await bad.done).toBe(2)
    expect(bad.text()).not.toMatch(/Host name/)
  })

  test('Ctrl-C at a question registers nothing and is exit 130', async () => {
    const screen = terminal(cli, ['nodes', 'create', 'never'])
    await screen.expect(/How is it reached/)
    screen.send(KEY.ctrlC)
    await screen.expect(/cancelled at a question/)
    expect(await screen.done).toBe(130)
    expect(stored('never')).toBeUndefined()
  })

  test('questions go to stderr: stdout holds the answer alone', async () => {
    const file = join(cli.home, 'out.json')
    const screen = terminal(cli, ['nodes', 'create', 'piped', '--access', 'local', '--mta', 'postfix', '--json'], {
      stdoutFile: file,
    })
    await screen.answer(/Installation directory/, '/opt/piped')
    expect(await screen.done).toBe(0)
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ schema: 'nodes.create/1', data: { name: 'piped' } })
  })
})

describe('consent on a terminal', () => {
  test('nodes delete asks for the name; another name deletes nothing', async () => {
    const wrong = terminal(cli, ['nodes', 'delete', 'there'])
    await wrong.answer(/Type there to delete/, 'yes')
    await wrong.expect(/nothing was deleted/)
    expect(await wrong.done).toBe(130)
    expect(stored('there')).toBeDefined()
    const right = terminal(cli, ['nodes', 'delete', 'there'])
    await right.answer(/Type there to delete/, 'there')
    expect(await right.done).toBe(0)
    expect(stored('there')).toBeUndefined()
  })

  test('keys delete asks yes or no, and no is the default', async () => {
    await cli.ok(['keys', 'create', 'spare', '--no-passphrase'])
    const no = terminal(cli, ['keys', 'delete', 'spare'])
    await no.answer(/Delete the private key spare/, '')
    expect(await no.done).toBe(130)
    const yes = terminal(cli, ['keys', 'delete', 'spare'])
    await yes.answer(/Delete the private key spare/, 'y')
    expect(await yes.done).toBe(0)
    expect((await cli.ok(['keys', 'list', '-o', 'name'])).stdout).toBe('fleet\n')
  })

  test('keys delete looks again after the answer: a key that a node has taken meanwhile stays', async () => {
    await cli.ok(['keys', 'create', 'wanted', '--no-passphrase'])
    const screen = terminal(cli, ['keys', 'delete', 'wanted'])
    await screen.expect(/Delete the private key wanted/)
    await cli.ok('nodes create late --host late --dir /opt/a --key wanted'.split(' '))
    screen.send(`y${KEY.enter}`)
    await screen.expect(/the key wanted is in use by late/)
    expect(await screen.done).toBe(2)
    expect(existsSync(join(cli.home, 'profiles/default/keys/wanted'))).toBe(true)
    await cli.ok(['nodes', 'delete', 'late', '--yes'])
    await cli.ok(['keys', 'delete', 'wanted', '--yes'])
  })

  test('profiles delete asks for the name and says what is in it', async () => {
    await cli.ok(['profiles', 'create', 'old'])
    const screen = terminal(cli, ['profiles', 'delete', 'old'])
    await screen.answer(/Type old to delete the profile old with its 0 nodes and all its keys/, 'old')
    expect(await screen.done).toBe(0)
  })
})

describe('passphrases on a terminal', () => {
  const file = (name: string): string => join(cli.home, 'profiles/default/keys', name)

  test('a new key asks twice, shows neither answer, and uses it', async () => {
    const screen = terminal(cli, ['keys', 'create', 'asked'])
    await screen.answer(/Passphrase of the new key/, 'open sesame')
    await screen.answer(/The same again/, 'open sesame')
    expect(await screen.done).toBe(0)
    expect(screen.raw()).not.toContain('open sesame')
    const read = execFileSync('ssh-keygen', ['-y', '-P', 'open sesame', '-f', file('asked')], { encoding: 'utf8' })
    expect(read).toMatch(/^ssh-ed25519/)
  })

  test('two different answers make nothing', async () => {
    const screen = terminal(cli, ['keys', 'create', 'differ'])
    await screen.answer(/Passphrase of the new key/, 'one')
    await screen.answer(/The same again/, 'two')
    await screen.expect(/differ; nothing was made/)
    expect(await screen.done).toBe(2)
    expect((await cli.ok(['keys', 'list', '-o', 'name'])).stdout).not.toContain('differ')
  })

  test('an import asks once, and only for a protected key', async () => {
    const locked = join(cli.home, 'locked')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-a', '1', '-N', 'pw', '-f', locked])
    const screen = terminal(cli, ['keys', 'import', 'locked', locked])
    await screen.answer(/Passphrase of the key/, 'pw')
    expect(await screen.done).toBe(0)
    const open = join(cli.home, 'open')
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', open])
    const quiet = terminal(cli, ['keys', 'import', 'open', open])
    expect(await quiet.done).toBe(0)
    expect(quiet.text()).not.toMatch(/Passphrase/)
  })
})

describe('never a question', () => {
  const asking = [
    ['nodes create', ['nodes', 'create', 'x']],
    ['nodes delete', ['nodes', 'delete', 'whole']],
    ['keys delete', ['keys', 'delete', 'fleet2']],
    ['profiles delete', ['profiles', 'delete', 'spare']],
    ['trust add', ['trust', 'add', '127.0.0.1:1']],
  ] as const

  beforeAll(async () => {
    await cli.ok(['keys', 'create', 'fleet2', '--no-passphrase'])
    await cli.ok(['profiles', 'create', 'spare'])
  })

  test.each(asking)('%s with CI=1, --no-input or AKCTL_NO_INPUT=1 on a terminal', async (_, args) => {
    const ways = [
      terminal(cli, args, { env: { CI: '1' } }),
      terminal(cli, [...args, '--no-input']),
      terminal(cli, args, { env: { AKCTL_NO_INPUT: '1' } }),
    ]
    for (const screen of ways) {
      expect([2, 4]).toContain(await screen.done)
      expect(screen.raw()).not.toContain('\u001b[?25l') // inquirer hides the cursor
      expect(screen.text()).toMatch(/^akctl: /m)
    }
  })

  test.each(asking)('%s without a terminal, whatever is on stdin', async (_, args) => {
    const run = await cli.run(args, { input: 'y\nyes\nwhole\n' })
    expect([2, 4]).toContain(run.exit)
    expect(run.stderr).not.toContain('\u001b[?25l')
  })

  test('CI=false and CI= are no CI', async () => {
    for (const CI of ['false', '']) {
      const screen = terminal(cli, ['nodes', 'delete', 'whole'], { env: { CI } })
      await screen.expect(/Type whole/)
      screen.send(KEY.ctrlC)
      expect(await screen.done).toBe(130)
    }
  })
})
