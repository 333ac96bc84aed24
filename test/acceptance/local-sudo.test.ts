// Nodes of this machine with --sudo, where sudo refuses or is missing: as over SSH, nothing looks like an empty answer.
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { tempDir } from '../support/temp.ts'

const cli = testCli()
const bin = tempDir()
const { PATH = '' } = cli.env

beforeAll(async () => {
  // The real sudo, asked by a user whom no rule names.
  const asNobody = 'exec setpriv --reuid=nobody --regid=nogroup --clear-groups'
  writeFileSync(join(bin, 'sudo'), `#!/bin/sh\nPATH='${PATH}'\n${asNobody} sudo "$@"\n`)
  chmodSync(bin, 0o755)
  chmodSync(join(bin, 'sudo'), 0o755)
  await cli.ok(['nodes', 'create', 'here', '--access', 'local', '--sudo', '--dir', join(bin, 'mx')])
})

const WAYS = [
  ['refused', () => `${bin}:${PATH}`, 'sudo was refused', /NOPASSWD/],
  ['missing', () => join(bin, 'empty'), 'there is no sudo', /install sudo/],
] as const

describe.each(WAYS)('sudo is %s', (_, path, words, remedy) => {
  test.each([[['node', 'logs', 'here']], [['mta', 'status', 'here']], [['mta', 'sync', 'here']]])('%j', async (args) => {
    const { exit, json } = await cli.run([...args, '--json'], { env: { PATH: path() } })
    expect([exit, json.ok]).toEqual([6, false])
    expect(json.nodes).toMatchObject([{ outcome: 'unauthorized', error: { message: expect.stringContaining(words) as string } }])
    expect(json.nodes?.[0]?.error?.hints.join()).toMatch(remedy)
  })
})
