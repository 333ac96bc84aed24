import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type CliRun, testCli } from '../support/cli.ts'
import { terminal } from '../support/pty.ts'

const cli = testCli()
const archive = (more: string): string[] => `nodes archive mx1 --runtime system --force --out a.tgz ${more}`.trim().split(' ')

beforeAll(() => cli.ok('nodes create mx1 --host 203.0.113.5 --dir /opt/a --access https --mta postfix'.split(' ')))

test('the passphrase of the first secret is asked for twice, and shown never', async () => {
  const screen = terminal(cli, archive(''))
  await screen.answer(/New passphrase for the secrets of the profile default/, 'typed-by-hand')
  await screen.answer(/The same again/, 'typed-by-hand')
  expect(await screen.done).toBe(0)
  expect(screen.text()).not.toContain('typed-by-hand')
  expect((await cli.ok(['profiles', 'show'])).stdout).toMatch(/^secrets\tpassphrase$/m)
})

test('later it is asked for once a run; a wrong one is exit 6 and changes nothing', async () => {
  const file = join(cli.home, 'profiles/default/secrets.json')
  const before = readFileSync(file)
  const screen = terminal(cli, archive('--renew'))
  await screen.answer(/Passphrase of the secrets of the profile default/, 'wrong')
  expect(await screen.done).toBe(6)
  expect(screen.text()).toMatch(/the passphrase does not unlock the secrets of the profile default/)
  expect(readFileSync(file)).toEqual(before)
  const again = terminal(cli, archive('--renew'))
  await again.answer(/Passphrase of the secrets of the profile default/, 'typed-by-hand')
  expect(await again.done).toBe(0) // a second question would wait for ever
})

test('without a terminal the flags are named', async () => {
  const run = await cli.run(archive('--renew'))
  expect(run).toMatchObject({
    exit: 2,
    stderr: expect.stringMatching(/--passphrase-file FILE, or set AKCTL_PASSPHRASE/) as string,
  })
  expect((await cli.run(archive('--renew --json'))).json).toMatchObject({ ok: false, exit: 2, error: { kind: 'usage' } })
})

test('protect: the old one is asked for first, then the new one twice; the new one is needed from then on', async () => {
  const screen = terminal(cli, ['profiles', 'protect', '--new-passphrase'])
  await screen.answer(/Passphrase of the secrets of the profile default/, 'typed-by-hand')
  await screen.answer(/New passphrase for the secrets of the profile default/, 'the-new-one')
  await screen.answer(/The same again/, 'the-new-one')
  expect(await screen.done).toBe(0)
  expect(screen.text()).toMatch(/the secrets of default are protected by passphrase \(before: passphrase\)/)
  const unlocked = (text: string): Promise<CliRun> => cli.run(archive('--renew'), { env: { AKCTL_PASSPHRASE: text } })
  expect([(await unlocked('typed-by-hand')).exit, (await unlocked('the-new-one')).exit]).toEqual([6, 0])
})

test('protect: exactly one wish, and none that nobody can be asked about', async () => {
  const env = { AKCTL_PASSPHRASE: 'the-new-one' }
  for (const [flags, message] of [
    [[], /give exactly one of --new-passphrase, --new-passphrase-file, /],
    [['--keyring', '--plaintext'], /give exactly one of/],
    [['--new-passphrase'], /nobody can be asked for a new passphrase/],
    [['no-such-profile', '--plaintext'], /no such profile/],
  ] as const) {
    const run = await cli.run(['profiles', 'protect', ...flags], { env })
    expect([run.exit, run.stderr]).toEqual([flags[0] === 'no-such-profile' ? 9 : 2, expect.stringMatching(message)])
  }
  const key = join(cli.home, 'made-key')
  const run = await cli.ok(['profiles', 'protect', '--new-key-file', key], { env })
  expect([run.stderr, run.stdout]).toEqual([expect.stringMatching(/made the key file/), expect.stringMatching(/\tkey-file$/m)])
  expect((await cli.run(archive('--renew'), { env })).exit).toBe(2)
  await cli.ok(archive(`--renew --secrets-key-file ${key}`))
})
