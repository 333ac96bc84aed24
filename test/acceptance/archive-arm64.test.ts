// The archive for another architecture, run by qemu's user emulation: its Node.js, the agent, TLS, and the calls.
import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { harakaCache } from '../support/haraka.ts'
import { freePort } from '../support/ports.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

jest.setTimeout(240_000)

const LIBRARIES = '/usr/aarch64-linux-gnu'
/** Of an ELF header: the architecture, and its number for AArch64. */
const MACHINE = { at: 18, aarch64: 0xb7 }

/** Before what it runs in is removed. */
afterAll(async () => {
  if (!existsSync(join(folder, 'run/agent.pid'))) return
  const pid = agentPid()
  process.kill(pid, 'SIGTERM')
  await until('the agent has ended', 60, () => !existsSync(`/proc/${pid}`) || undefined)
})

const place = tempDir('akctl-arm64-')
chmodSync(place, 0o755) // the listener is nobody
const folder = join(place, 'node')
const cli = testCli({
  XDG_CACHE_HOME: harakaCache(),
  AKCTL_SECRETS_KEY_FILE: join(place, 'secrets-key'),
})
const qemu = execFileSync('sh', ['-c', 'command -v qemu-aarch64-static'], { encoding: 'utf8' }).trim()
const agentPid = (): number => Number(readFileSync(join(folder, 'run/agent.pid'), 'utf8'))

/**
 * Puts a script that starts qemu in the place of lib/node. qemu passes itself off as the program it runs, and the kernel
 * can't start that without it: so Node.js is told that the script is what it was started as.
 */
function emulate(): void {
  const [node, real, told] = ['lib/node', 'lib/node.arm64', 'told.cjs'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  renameSync(node, real)
  writeFileSync(told, `process.execPath = ${JSON.stringify(node)}\n`)
  writeFileSync(node, `#!/bin/sh\nexec ${qemu} -L ${LIBRARIES} ${real} --require ${told} "$@"\n`, { mode: 0o755 })
}

beforeAll(async () => {
  const port = await freePort()
  await cli.ok(`nodes create arm --host 127.0.0.1 --port ${port} --dir ${folder} --access https --mta postfix`.split(' '))
  const archive = join(place, 'arm.tgz')
  const flags = ['--arch', 'arm64', '--listen', `127.0.0.1:${port}`, '--out', archive]
  await cli.ok(['nodes', 'archive', 'arm', ...flags], { timeout: 180 })
  mkdirSync(folder)
  execFileSync('tar', ['-xzf', archive, '-C', folder])
})

test('an archive with --arch arm64 has a Node.js for it, whose agent starts, splits, and answers over TLS', async () => {
  expect(readFileSync(join(folder, 'lib/node')).readUInt16LE(MACHINE.at)).toBe(MACHINE.aarch64)
  emulate()
  const started = execFileSync(join(folder, 'bin/node'), ['-d', '--https', `--config=${folder}/conf/`], { encoding: 'utf8' })
  expect(started).toContain(`pid ${agentPid()}, `)
  expect(readlinkSync(`/proc/${agentPid()}/exe`)).toBe(qemu)
  expect(readFileSync(`/proc/${agentPid()}/cmdline`, 'latin1')).toContain(join(folder, 'lib/node.arm64'))
  const slow = ['--connect-timeout', '60', '--command-timeout', '120']
  const tested = await cli.ok(['nodes', 'test', 'arm', ...slow], { timeout: 120 })
  expect(tested.stdout).toMatch(/^arm\tagent\tok\t/m)
  const status = await cli.ok(['mta', 'status', 'arm', '--json', ...slow], { timeout: 120 })
  expect(status.json.nodes?.[0]).toMatchObject({
    outcome: 'ok',
    result: { installed: true, running: false, record: { revision: 0 } },
  })
  expect(readFileSync(join(folder, 'log/agent.log'), 'utf8')).toMatch(/"event":"start".*"split":true/)
})
