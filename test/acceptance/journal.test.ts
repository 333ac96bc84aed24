import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'

const cli = testCli()

interface Entry {
  readonly at: string
  readonly by: string
  readonly verb: string
  readonly node?: string
  readonly outcome: string
  readonly message?: string
}

async function entries(...args: string[]): Promise<readonly Entry[]> {
  return (await cli.ok(['journal', 'list', '--json', ...args])).json.data as Entry[]
}

beforeAll(async () => {
  await cli.ok('nodes create mx1 --host h1 --dir /opt/a'.split(' '))
  await cli.ok('nodes create mx2 --host h2 --dir /opt/a'.split(' '))
  await cli.ok('nodes edit mx1 --host h3 --label env=prod'.split(' '))
  await cli.ok('nodes delete mx1 --yes'.split(' '))
})

test('every change has a line: when, who, what, where, with which outcome', async () => {
  const all = await entries()
  expect(all.map(({ verb, node, outcome }) => `${verb} ${node} ${outcome}`)).toEqual([
    'nodes create mx1 changed',
    'nodes create mx2 changed',
    'nodes edit mx1 changed',
    'nodes delete mx1 changed',
  ])
  for (const { at, by } of all) {
    expect(Math.abs(Date.now() - Date.parse(at))).toBeLessThan(3_600_000)
    expect(by).toMatch(/^[\w.-]+@[\w.-]+$/)
  }
  expect(all[2]?.message).toBe('host: h1 -> h3; labels: - -> env=prod')
})

test('what is refused, and a change that changes nothing, leave no line', async () => {
  const before = (await entries()).length
  await cli.run('nodes create mx2 --host h9 --dir /opt/b'.split(' '))
  await cli.run('nodes delete mx2'.split(' '))
  await cli.ok('nodes edit mx2 --host h2'.split(' '))
  await cli.ok(['nodes', 'list', '--no-status'])
  expect(await entries()).toHaveLength(before)
})

test('--node picks one node, by name (a deleted one too) or id; -n the newest', async () => {
  expect(await entries('--node', 'mx1')).toHaveLength(3)
  expect(await entries('--node', '2')).toMatchObject([{ node: 'mx2' }])
  expect(await entries('-n', '1')).toMatchObject([{ verb: 'nodes delete' }])
  expect((await cli.run(['journal', 'list', '--node', '77'])).exit).toBe(9)
  expect((await cli.run(['journal', 'list', '-n', '0'])).exit).toBe(2)
})

test('AKCTL runs by sudo are put down to who called sudo', async () => {
  await cli.ok('nodes edit mx2 --label a=b'.split(' '), { env: { SUDO_USER: 'alice' } })
  expect((await entries('-n', '1'))[0]?.by).toMatch(/^alice@/)
})

test('half a line of a crash is passed over, and control characters in an entry reach no terminal', async () => {
  const file = join(cli.home, 'profiles/default/journal.ndjson')
  const entry = {
    at: '2026-01-01T00:00:00Z',
    by: 'x@y',
    verb: 'mta sync',
    node: 'mx2',
    outcome: 'failed',
    message: 'bad\u001b[2Jthing\nmore',
  }
  appendFileSync(file, `{"at":"2026\n${JSON.stringify(entry)}\n`)
  const run = await cli.ok(['journal', 'list', '-n', '1'])
  expect(run.stdout).toContain('bad\ufffd[2Jthing more')
  expect(run.stdout.split('\n')).toHaveLength(2)
})
