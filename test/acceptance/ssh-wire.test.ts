import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { cliNodes, trustSshd } from '../support/cli-nodes.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { tempDir } from '../support/temp.ts'

// What a command on an SSH node costs on the wire, from the kernel's and from sshd's own record: each write is a system call
// here and a wake-up there, and a round trip more is one for each of a thousand nodes.

const cli = testCli()
const file = join(tempDir(), 'trace')
const traced = testCli({}, () => ['strace', '-f', '-yy', '-e', 'trace=write,writev,sendmsg,sendto', '-o', file])
const node = cliNodes()
let sshd: Sshd

beforeAll(async () => {
  sshd = await startSshd()
  for (const each of [cli, traced]) await trustSshd(each, sshd)
})
afterAll(() => sshd.end())

/** The writes to the server that a traced run made. */
function writes(): readonly string[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.includes(`:${sshd.port}]>`))
}

test('a login and one program are ten writes at most, and the key is offered once, with its proof', async () => {
  await node(traced, 'mx1', { sshd, install: false })
  const before = (await sshd.authAttempts()).length
  const run = await traced.run(['mta', 'status', 'mx1'])
  expect(run.stdout).toContain('mx1')
  // Greeting, offer and key (together or not), new keys with what is asked for, login, channel, program, its end of input, close, farewell.
  expect(writes().length).toBeGreaterThan(5)
  expect(writes().length).toBeLessThanOrEqual(10)
  const log = (await sshd.authAttempts()).slice(before)
  expect(log).toHaveLength(1)
  expect(sshd.log()).toContain('Accepted publickey')
  expect(sshd.log()).not.toContain('Postponed publickey')
})

test('a change in waves logs in to a node once, though gate, lease and way back come to it again', async () => {
  const names = ['mx2', 'mx3']
  for (const name of names) await node(cli, name, { sshd })
  await cli.ok(['settings', 'set', ...names, 'esmtp-connection-timeout=45s'])
  await sshd.idle()
  const logins = (): number => sshd.log().match(/Accepted publickey/g)?.length ?? 0
  const before = logins()
  const run = await cli.ok(['mta', 'sync', ...names, '--serial', '1', '--on-failure', 'rollback', '--pause-between', '1s'])
  expect(run.stdout).toMatch(/^mx2\tchanged\t.*\nmx3\tchanged\t/)
  await sshd.idle()
  expect(logins() - before).toBe(2)
})
