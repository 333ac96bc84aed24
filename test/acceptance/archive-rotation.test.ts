import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { createHttpsNode } from '../support/https-node.ts'
import { freePort } from '../support/ports.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

// The hooks run in the order they are written in: with the folder goes the file that says which process the agent is.
afterAll(() => {
  if (existsSync(join(folder, 'run/agent.pid'))) process.kill(agentPid(), 'SIGKILL')
})

const place = tempDir() // goes after what runs in it is ended
chmodSync(place, 0o755) // Postfix works as a user of its own
const at = (name: string): string => join(place, name)
const folder = at('node')
const cli = testCli({ AKCTL_SECRETS_KEY_FILE: at('secrets-key') })
const agentPid = (): number => Number(readFileSync(join(folder, 'run/agent.pid'), 'utf8'))

/** Makes an archive, and unpacks it over the node. */
async function archive(file: string, ...more: string[]): Promise<void> {
  await cli.ok(['nodes', 'archive', 'mx1', '--out', at(file), ...more])
  execFileSync('tar', ['-xzf', at(file), '-C', folder])
}

/** Has the agent read its configuration, and waits until it says that it did. */
async function reread(): Promise<void> {
  const lines = (): number => readFileSync(join(folder, 'log/agent.log'), 'utf8').split('"reload"').length
  const before = lines()
  process.kill(agentPid(), 'SIGHUP')
  await until('the agent has read its configuration', 20, () => lines() > before || undefined)
}

const reaches = async (): Promise<string | undefined> =>
  (await cli.run(['mta', 'status', 'mx1', '--json'])).json.nodes?.[0]?.outcome

beforeAll(async () => {
  mkdirSync(folder)
  const port = await freePort()
  await createHttpsNode(cli, 'mx1', port, '--mta', 'postfix')
  await archive(
    'first.tgz',
    '--runtime',
    'system',
    '--listen',
    `127.0.0.1:${port}`,
    '--smtp-listen',
    `127.0.0.1:${await freePort()}`,
  )
  execFileSync(join(folder, 'bin/node'), ['-d', '--https', `--config=${folder}/conf/`])
}, 120_000)

test('a rotation is not ended before the agent takes the new key, and leaves no gap', async () => {
  expect(await reaches()).toBe('ok')
  await archive('rotate.tgz', '--rotate')

  // The agent has not read it yet: to forget the old key now would lock this profile out.
  const early = await cli.run(['nodes', 'archive', 'mx1', '--finish', '--out', at('early.tgz')])
  expect(early).toMatchObject({ exit: 8, stderr: expect.stringMatching(/does not take the new key yet.*SIGHUP/s) as string })
  expect(existsSync(at('early.tgz'))).toBe(false)
  expect(await reaches()).toBe('ok')

  await reread()
  expect(await reaches()).toBe('ok')
  await archive('finish.tgz', '--finish')
  expect(await reaches()).toBe('ok')
  await reread()
  expect(await reaches()).toBe('ok')
  const { APIKEY } = JSON.parse(readFileSync(join(folder, 'conf/node.json'), 'utf8')) as { APIKEY: string }
  expect(APIKEY).toMatch(/^sha256:[0-9a-f]{64}$/)
}, 120_000)

test('an agent that can’t be asked is no reason to end a rotation, unless one insists', async () => {
  await archive('again.tgz', '--rotate')
  process.kill(agentPid(), 'SIGTERM')
  await until('the agent has ended', 20, () => !existsSync(join(folder, 'run/agent.pid')) || undefined)
  const unsure = await cli.run(['nodes', 'archive', 'mx1', '--finish', '--out', at('unsure.tgz')])
  expect(unsure).toMatchObject({ exit: 8, stderr: expect.stringMatching(/could not be asked.*--unasked/s) as string })
  await archive('unasked.tgz', '--finish', '--unasked')
  execFileSync(join(folder, 'bin/node'), ['-d', '--https', `--config=${folder}/conf/`])
  expect(await reaches()).toBe('ok')
}, 120_000)
