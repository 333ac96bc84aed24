// The archive on a bare server: no rights, no network but loopback, no Node.js, no environment, and a folder whose name
// a shell would take apart.
import { execFileSync } from 'node:child_process'
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { processFacts } from '../support/agent.ts'
import { testCli } from '../support/cli.ts'
import { harakaCache, harakaPids } from '../support/haraka.ts'
import { tempDir } from '../support/temp.ts'
import { Namespace } from '../support/wrapped-host.ts'

jest.setTimeout(180_000)

afterAll(() => {
  for (const pid of harakaPids(folder)) process.kill(pid, 'SIGKILL')
  if (existsSync(join(folder, 'run/agent.pid'))) process.kill(agentPid(), 'SIGKILL')
  server.end()
})

const place = tempDir('akctl-bare-') // goes after what runs in it is ended
chmodSync(place, 0o755)
const archive = join(place, 'bare.tgz')
const folder = join(place, "Jörgs 'node' $HOME")
const NOBODY = { uid: 65_534, gid: 65_534 }
const AS_NOBODY = [`--reuid=${NOBODY.uid}`, `--regid=${NOBODY.gid}`, '--clear-groups']

let server: Namespace
const cli = testCli({ XDG_CACHE_HOME: harakaCache(), AKCTL_SECRETS_KEY_FILE: join(place, 'secrets-key') }, () => server.enter)
const agentPid = (): number => Number(readFileSync(join(folder, 'run/agent.pid'), 'utf8'))

/** Whose process it is, and what it runs on. */
const facts = (pid: number) => ({ uid: processFacts(pid)['Uid'], exe: readlinkSync(`/proc/${pid}/exe`) })
const own = { uid: Array.from({ length: 4 }, () => NOBODY.uid).join(' '), exe: join(folder, 'lib/node') }

/** Starts what is in the archive as nobody, where this machine's Node.js can't be executed. @returns what was printed */
function startBare(): string {
  const script = `cover() { mount --bind /dev/null "$1"; }
    cover "$1"
    ! other=$(command -v node) || cover "$other" # tests on another release than this machine's
    if node --version 2>/dev/null; then exit 99; fi
    shift
    exec setpriv ${AS_NOBODY.join(' ')} env -i "$@"`
  const words = ['unshare', '-m', 'sh', '-ec', script, 'sh', process.execPath]
  const start = [join(folder, 'bin/node'), '-d', '--https', `--config=${join(folder, 'conf')}/`]
  const [program = '', ...rest] = [...server.enter, ...words, ...start]
  return execFileSync(program, rest, { encoding: 'utf8' })
}

beforeAll(async () => {
  server = await Namespace.open('ip link set lo up', true)
  await cli.ok('nodes create bare --host 127.0.0.1 --dir /opt/bare --access https --mta haraka'.split(' '))
  const flags = '--listen 127.0.0.1:4433 --smtp-listen 127.0.0.1:2525 --hostname bare.example.com'.split(' ')
  await cli.ok(['nodes', 'archive', 'bare', '--out', archive, ...flags])
  mkdirSync(folder)
  chownSync(folder, NOBODY.uid, NOBODY.gid)
  execFileSync('setpriv', [...AS_NOBODY, 'tar', '-xz', '-C', folder], { input: readFileSync(archive) })
})

test('the agent starts on its own Node.js, without rights, and answers over TLS', async () => {
  expect(startBare()).toContain(`pid ${agentPid()}, listens on 127.0.0.1 port 4433`)
  expect(facts(agentPid())).toEqual(own)
  const { json } = await cli.ok(['mta', 'status', 'bare', '--json'])
  expect(json.nodes?.[0]).toMatchObject({ outcome: 'ok', result: { installed: true, running: false, record: { revision: 0 } } })
})

test('it starts the Haraka that came along, and stops it', async () => {
  await cli.ok(['mta', 'start', 'bare'])
  const pids = harakaPids(folder)
  expect(pids.map(facts)).toEqual(pids.map(() => own))
  expect(pids.length).toBeGreaterThan(0)
  expect(server.exec(`bash -c 'head -n 1 </dev/tcp/127.0.0.1/2525'`)).toMatch(/^220 bare\.example\.com /)
  await cli.ok(['mta', 'stop', 'bare'])
  expect(harakaPids(folder)).toEqual([])
})
