import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { freePort } from '../support/ports.ts'
import { masterPids, parameter, postfixFolder } from '../support/postfix.ts'
import { terminal } from '../support/pty.ts'

// What `nodes list` and `nodes show` say of a real Postfix, held against its processes and files.

const cli = testCli()
const folder = postfixFolder()
const directory = join(folder, 'mx1')

interface Shown {
  readonly status: {
    readonly status: string
    readonly synced: string
    readonly state: { readonly pid?: number; readonly record?: { readonly revision: number } }
  }
}

/** STATUS and SYNCED of mx1. */
async function listed(): Promise<readonly string[]> {
  const [line = ''] = (await cli.ok(['nodes', 'list', 'mx1'])).stdout.split('\n')
  return line.split('\t').slice(5, 7)
}

beforeAll(async () => {
  await cli.ok(['nodes', 'create', 'mx1', '--access', 'local', '--dir', directory, '--mta', 'postfix'])
})

test('before anything is installed: absent, never', async () => {
  expect(await listed()).toEqual(['absent', 'never'])
})

test('installed and stopped, then synced and running', async () => {
  const port = await freePort()
  await cli.ok(['nodes', 'install', 'mx1', '--smtp-listen', `127.0.0.1:${port}`, '--hostname', 'mx1.example.com'])
  expect(masterPids(directory)).toEqual([])
  expect((await listed())[0]).toBe('stopped')
  await cli.ok(['settings', 'set', 'mx1', 'esmtp-connection-timeout=45s'])
  await cli.ok(['mta', 'start', 'mx1'])
  expect(parameter(directory, 'smtp_connect_timeout')).toBe('45s')
  expect(masterPids(directory)).toHaveLength(1)
  expect(await listed()).toEqual(['running', 'yes'])
})

test('show has the process, the revision and what it was told', async () => {
  const shown = (await cli.ok(['nodes', 'show', 'mx1', '--json'])).json.data as Shown
  expect(shown.status).toMatchObject({ status: 'running', synced: 'yes', state: { pid: masterPids(directory)[0], edited: [] } })
  const screen = terminal(cli, ['nodes', 'show', 'mx1'])
  await screen.expect(/settings +esmtp-connection-timeout=45s \(the node's own\)/)
  await screen.expect(/status +running/)
  await screen.expect(new RegExp(`revision +${shown.status.state.record?.revision} of `))
  await screen.expect(new RegExp(`process +pid ${masterPids(directory)[0]}`))
  expect(await screen.done).toBe(0)
})

test('a setting that was not synced shows as no, a hand edit as edited', async () => {
  await cli.ok(['settings', 'set', 'mx1', 'esmtp-connection-timeout=50s'])
  expect(await listed()).toEqual(['running', 'no'])
  await cli.ok(['mta', 'sync', 'mx1'])
  expect(await listed()).toEqual(['running', 'yes'])
  appendFileSync(join(directory, 'akctl/live/conf/main.cf'), '# by hand\n')
  expect(await listed()).toEqual(['running', 'edited'])
})

test('a process that was killed shows as stopped', async () => {
  for (const pid of masterPids(directory)) process.kill(-pid, 'SIGKILL')
  expect((await listed())[0]).toBe('stopped')
})

test('a node that moves to another place is not known there, and says so', async () => {
  const run = await cli.ok(['nodes', 'edit', 'mx1', '--dir', join(folder, 'elsewhere'), '--json'])
  expect(run.json.warnings.join()).toMatch(/in another place now/)
  expect(run.json.data).not.toHaveProperty('node.baseRevision')
  expect(await listed()).toEqual(['absent', 'never'])
})
