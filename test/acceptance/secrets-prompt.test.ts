import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
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
