// A real Postfix node that is reached by SSH, then through a real agent, then by SSH again: nothing of it is lost.
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { KEY, type TestAgent, launcher, testAgents } from '../support/agent.ts'
import { certificateOf } from '../support/certificates.ts'
import { testCli } from '../support/cli.ts'
import { type CliNode, cliNodes, storedNode, trustSshd } from '../support/cli-nodes.ts'
import { keepApiKey } from '../support/https-node.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'

const cli = testCli()
const makeNode = cliNodes()
const makeAgent = testAgents()
let sshd: Sshd
let node: CliNode
let agent: TestAgent

const words = (line: string): string[] => line.split(' ')
const fingerprint = (): string => certificateOf(readFileSync(join(agent.conf, 'server.crt'), 'utf8')).fingerprint

beforeAll(async () => {
  if (!existsSync(launcher)) throw new Error('build first: node tools/build.mjs')
  sshd = await startSshd()
  await trustSshd(cli, sshd)
  node = await makeNode(cli, 'mx1', { sshd, flags: ['--label', 'role=relay'] })
  agent = await makeAgent({ BASEDIR: node.directory, MTA: 'postfix' })
  await agent.start()
})
afterAll(() => sshd.stop())

async function outcome(line: string): Promise<NodeOutcome<Record<string, unknown>>> {
  return (await cli.ok([...words(line), '--json'])).json.nodes![0]! as NodeOutcome<Record<string, unknown>>
}

test('from SSH to the agent and back: settings and revisions stay, and both ways see the same node', async () => {
  await cli.ok(words('settings set mx1 spool-channel-size=70'))
  await cli.ok(words('mta start mx1'))
  const first = node.revision()
  const before = storedNode(cli, 'mx1')!
  expect(before.baseRevision).toBe(first)

  const edit = await cli.ok(words(`nodes edit mx1 --access https --port ${agent.port}`))
  expect(edit.stderr).toContain('akctl nodes archive mx1 --out FILE')
  const { settings, labels, baseRevision, directory } = storedNode(cli, 'mx1')!
  expect({ settings, labels, baseRevision, directory }).toEqual({
    settings: before.settings,
    labels: before.labels,
    baseRevision: first,
    directory: before.directory,
  })
  expect((await cli.run(words('mta status mx1'))).exit).toBe(5)
  await cli.ok(['trust', 'add', 'mx1', '--fingerprint', fingerprint()])
  await keepApiKey(cli, 'mx1', KEY)

  expect(await outcome('mta status mx1')).toMatchObject({ outcome: 'ok', result: { synced: 'yes' } })
  await cli.ok(words('settings set mx1 spool-channel-size=71'))
  expect(await outcome('mta sync mx1')).toMatchObject({ outcome: 'changed' })
  const second = node.revision()
  expect(second).toBe(first + 1)
  expect(node.record().settings).toMatchObject({ 'spool-channel-size': 71 })
  expect(node.masters()).toHaveLength(1)
  expect((await cli.ok(words('node logs mx1 --source agent -n 50'))).stdout).toContain('/v1/sync')
  const { result } = await outcome('nodes test mx1')
  expect((result as unknown as { steps: { state: string }[] }).steps.every(({ state }) => state === 'ok')).toBe(true)

  await cli.ok(words(`nodes edit mx1 --access ssh --port ${sshd.port} --key main`))
  expect(storedNode(cli, 'mx1')).toMatchObject({ baseRevision: second, settings: { 'spool-channel-size': 71 } })
  expect(await outcome('mta status mx1')).toMatchObject({ outcome: 'ok', result: { synced: 'yes' } })
  expect(await outcome('mta sync mx1')).toMatchObject({ outcome: 'ok' })
  expect(node.revision()).toBe(second)
  await cli.ok(words('settings set mx1 spool-channel-size=72'))
  expect(await outcome('mta sync mx1')).toMatchObject({ outcome: 'changed' })
  await cli.ok(words('mta stop mx1'))
})

test('sudo goes with SSH; another host forgets the revisions', async () => {
  await cli.ok(words('nodes edit mx1 --sudo'))
  await cli.ok(words('nodes edit mx1 --access https'))
  expect(storedNode(cli, 'mx1')).toMatchObject({ access: 'https', sudo: false })
  expect(storedNode(cli, 'mx1')?.baseRevision).toBeDefined()
  await cli.ok(words('nodes edit mx1 --host 127.0.0.2'))
  expect(storedNode(cli, 'mx1')?.baseRevision).toBeUndefined()
})
