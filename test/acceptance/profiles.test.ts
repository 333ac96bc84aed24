import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'

const cli = testCli()
const folder = (name: string): string => join(cli.home, 'profiles', name)

interface Listed {
  readonly name: string
  readonly current: boolean
  readonly nodes: number
}

async function listed(): Promise<readonly Listed[]> {
  return (await cli.ok(['profiles', 'list', '--json'])).json.data as Listed[]
}

test('the profile default is there from the start and is in use', async () => {
  expect(await listed()).toMatchObject([{ name: 'default', current: true, nodes: 0 }])
})

test('create makes an empty profile, and refuses a taken and a bad name', async () => {
  await cli.ok(['profiles', 'create', 'staging'])
  expect((await listed()).map(({ name, current }) => [name, current])).toEqual([
    ['default', true],
    ['staging', false],
  ])
  const taken = await cli.run(['profiles', 'create', 'staging'])
  expect(taken).toMatchObject({ exit: 2, stderr: expect.stringMatching(/already/) as string })
  const bad = await cli.run(['profiles', 'create', '../x'])
  expect(bad).toMatchObject({ exit: 2, stderr: expect.stringMatching(/no name for a profile/) as string })
})

test('--profile and AKCTL_PROFILE choose, and what they hold is apart', async () => {
  await cli.ok('nodes create only-staging --host h --dir /opt/a --profile staging'.split(' '))
  const names = async (args: string[], env = {}): Promise<string> =>
    (await cli.ok(['nodes', 'list', '--no-status', '-o', 'name', ...args], { env })).stdout
  expect(await names([])).toBe('')
  expect(await names(['--profile', 'staging'])).toBe('only-staging\n')
  expect(await names([], { AKCTL_PROFILE: 'staging' })).toBe('only-staging\n')
  expect(await names(['--profile', 'default'], { AKCTL_PROFILE: 'staging' })).toBe('')
})

test('use changes which profile is used when none is named', async () => {
  await cli.ok(['profiles', 'use', 'staging'])
  expect((await cli.ok(['nodes', 'list', '--no-status', '-o', 'name'])).stdout).toBe('only-staging\n')
  expect((await listed()).find(({ current }) => current)?.name).toBe('staging')
})

test('show counts what a profile holds', async () => {
  await cli.ok(['keys', 'create', 'k', '--no-passphrase'])
  await cli.ok(['trust', 'add', 'only-staging', '--fingerprint', `SHA256:${'a'.repeat(43)}`])
  const { json } = await cli.ok(['profiles', 'show', '--json'])
  expect(json.data).toMatchObject({ name: 'staging', current: true, nodes: 1, keys: 1, trusted: 1, defaults: {} })
  expect((await cli.ok(['profiles', 'show', 'default', '--json'])).json.data).toMatchObject({
    name: 'default',
    nodes: 0,
    keys: 0,
  })
})

test('a profile that is made, chosen or deleted leaves a line; choosing the one in use does not', async () => {
  const lines = async (...args: string[]): Promise<readonly string[]> =>
    ((await cli.ok(['journal', 'list', '--json', ...args])).json.data as { verb: string; outcome: string; message: string }[])
      .filter(({ verb }) => verb.startsWith('profiles'))
      .map(({ verb, outcome, message }) => `${verb} ${outcome}: ${message}`)
  expect(await lines('--profile', 'default')).toEqual(['profiles create changed: staging'])
  await cli.ok(['profiles', 'use', 'staging'])
  expect(await lines()).toEqual(['profiles use changed: default -> staging'])
  await cli.ok(['profiles', 'create', 'brief'])
  await cli.ok(['profiles', 'delete', 'brief', '--yes'])
  expect((await lines()).slice(1)).toEqual(['profiles create changed: brief', 'profiles delete changed: brief, with 0 nodes'])
})

test('an unknown profile is exit 9 everywhere, and a near one is named', async () => {
  for (const args of [
    ['profiles', 'show', 'stagin'],
    ['profiles', 'use', 'stagin'],
    ['profiles', 'delete', 'stagin', '--yes'],
  ]) {
    const run = await cli.run(args)
    expect(run).toMatchObject({ exit: 9, stderr: expect.stringMatching(/did you mean staging\?/) as string })
  }
  expect((await cli.run(['nodes', 'list', '--no-status', '--profile', 'nope'])).exit).toBe(9)
  expect(readdirSync(join(cli.home, 'profiles'))).not.toContain('nope')
})

test('delete refuses the profile in use, needs consent, and takes everything with it', async () => {
  expect((await cli.run(['profiles', 'delete', 'staging', '--yes'])).exit).toBe(2)
  await cli.ok(['profiles', 'use', 'default'])
  const asked = await cli.run(['profiles', 'delete', 'staging'])
  expect(asked).toMatchObject({ exit: 2, stderr: expect.stringMatching(/its node .*--yes/s) as string })
  expect(existsSync(folder('staging'))).toBe(true)
  await cli.ok(['profiles', 'delete', 'staging', '--yes'])
  expect(existsSync(folder('staging'))).toBe(false)
})

test('create --use makes it the profile in use at once', async () => {
  await cli.ok(['profiles', 'create', 'next', '--use'])
  expect((await listed()).find(({ current }) => current)?.name).toBe('next')
})
