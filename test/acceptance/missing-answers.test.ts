// What is missing here for a login is found before anything is done on any node, also on those that need no login.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { cliNodes, storedNode, type CliNode } from '../support/cli-nodes.ts'

const cli = testCli()
const makeNode = cliNodes()
const keyFile = (name: string): string => join(cli.home, 'profiles/default/keys', name)
let here: CliNode

beforeAll(async () => {
  here = await makeNode(cli, 'here')
  await cli.ok(['keys', 'create', 'shut', '--passphrase-stdin'], { input: 'a passphrase' })
  for (const key of ['gone', 'broken', 'fine']) await cli.ok(['keys', 'create', key, '--no-passphrase'])
  for (const key of ['shut', 'gone', 'broken', 'agent']) {
    await cli.ok(`nodes create by-${key} --host 192.0.2.1 --dir /opt/${key} --key ${key}`.split(' '))
  }
  await cli.ok('nodes create by-jump --host 192.0.2.2 --dir /opt/a --key fine --jump ops@192.0.2.1:22 --jump-key shut'.split(' '))
  rmSync(keyFile('gone'))
  writeFileSync(keyFile('broken'), 'rubbish')
  await cli.ok(['settings', 'set', '--all', 'esmtp-connection-timeout=20s'])
})

test.each([
  ['a passphrase', 'by-shut', 2, /key shut is protected/, /--passphrase-file/],
  ['a passphrase for a jump host', 'by-jump', 2, /key shut is protected/, /--passphrase-file/],
  ['a key file', 'by-gone', 9, /by-gone logs in with the key gone, which is not in this profile/, /nodes edit by-gone --key KEY/],
  ['a key in a damaged file', 'by-broken', 1, /broken can't be used/, /from a backup/],
  ['an ssh-agent', 'by-agent', 2, /SSH_AUTH_SOCK is not set/, /ssh-add/],
])('%s', async (_, node, exit, message, hint) => {
  const before = [here.sum(), storedNode(cli, 'here')]
  const values = ['esmtp-connection-timeout=30s', '--sync']
  for (const args of [
    ['mta', 'sync', 'here', node],
    ['settings', 'set', 'here', node, ...values],
  ]) {
    const run = await cli.run([...args, '--json'])
    expect([args, run.exit, run.json.nodes]).toEqual([args, exit, undefined])
    expect(run.json.error?.message).toMatch(message)
    expect(run.json.error?.hints.join()).toMatch(hint)
  }
  expect([here.sum(), storedNode(cli, 'here')]).toEqual(before)
})

test('is found by fleet apply before the profile is written', async () => {
  const file = join(cli.home, 'fleet.yaml')
  await cli.ok(['fleet', 'export', '-f', file])
  writeFileSync(file, readFileSync(file, 'utf8').replaceAll('esmtp-connection-timeout: 20', 'esmtp-connection-timeout: 31'))
  const before = storedNode(cli, 'here')
  const run = await cli.run(['fleet', 'apply', 'here', 'by-shut', '-f', file, '--no-status', '--yes'])
  expect([run.exit, run.stderr]).toEqual([2, expect.stringContaining('key shut is protected') as string])
  expect(storedNode(cli, 'here')).toEqual(before)
})

test('is no reason to show nothing of the other nodes', async () => {
  const { stdout } = await cli.ok(['nodes', 'list', '-o', 'tsv', '--connect-timeout', '1'])
  expect(stdout).toMatch(/\there\t.*\tstopped\t/)
})
