// Marked secrets go through the commands that take them and those that use them; afterwards no mark is anywhere but where
// it belongs, in none of the forms that programs write it in. Every execve of every process is traced, of akctl, of a
// node's agent and of an sshd, with whole arguments and environments.
import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../src/node/secret.ts'
import { openHome } from '../../src/profile/home.ts'
import type { Profile } from '../../src/profile/profile.ts'
import type { Unlocking } from '../../src/profile/secret-access.ts'
import { formsOf, searchable, traceWords, traced, unfolded } from '../support/canary.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { harakaCache } from '../support/haraka.ts'
import { freePort } from '../support/ports.ts'
import { OneAccess } from '../support/secret-access.ts'
import { startSshd } from '../support/sshd.ts'
import { tempDir } from '../support/temp.ts'

jest.setTimeout(240_000)

const place = tempDir('akctl-canary-')
chmodSync(place, 0o755) // the agent's listener is nobody
const given = join(place, 'given')
const home = join(place, 'home')
const temp = join(place, 'tmp')
const agent = join(place, 'agent')
const byLogin = join(place, 'by-login')
for (const folder of [given, home, temp, agent]) mkdirSync(folder)

const MARKS = {
  passphrase: 'CANARY-passphrase-4711',
  wrong: 'CANARY-wrong-passphrase-4712',
  variable: 'CANARY-variable-4713',
  stdin: 'CANARY-stdin-4714',
  keyFile: Buffer.alloc(32, 'CANARY-of-the-key-file').toString('base64'),
  keyBytes: 'CANARY-of-the-key-file',
  refused: `akctl_${'CANARY-refused-4715'.padEnd(43, '_')}`,
}

const file = (name: string, content: string): string => {
  writeFileSync(join(given, name), content, { mode: 0o600 })
  return join(given, name)
}
const passphrase = file('passphrase', `${MARKS.passphrase}\n`)
const wrong = file('wrong', `${MARKS.wrong}\n`)
const keyFile = file('key', `${MARKS.keyFile}\n`)

const env: Record<string, string> = {
  ...cleanEnv(home),
  TMPDIR: temp,
  XDG_CACHE_HOME: harakaCache(),
}

/** Everything that runs said, printed and passed on to programs; what the test itself passed to akctl is left out. */
const seen: { readonly what: string; readonly text: string }[] = []

interface Run {
  readonly exit: number | null
  readonly stdout: string
}

function akctl(line: string, options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {}): Run {
  const trace = join(place, 'trace')
  const { status, stdout, stderr } = spawnSync(
    'strace',
    ['-qq', ...traceWords(trace), process.execPath, BIN, ...line.split(' ')],
    {
      cwd: home,
      env: { ...env, ...options.env },
      input: options.input ?? '',
      encoding: 'utf8',
    },
  )
  const [own = '', ...others] = readFileSync(trace, 'utf8').split('\n')
  const argv = /execve\("[^"]*", (\[.*?\]), \[/.exec(own)?.[1]
  seen.push({ what: `argv of ${line}`, text: argv ?? own })
  seen.push({ what: `programs of ${line}`, text: unfolded(others.join('\n')) })
  seen.push({ what: `stdout of ${line}`, text: stdout }, { what: `stderr of ${line}`, text: stderr })
  return { exit: status, stdout }
}

/** Every file below a folder, by path. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

/** Where a secret is found, in whatever form: in what was said, in a file that akctl wrote, or on a node. */
function placesOf(secret: string | Buffer): readonly string[] {
  const forms = formsOf(secret)
  const isIn = (text: string): boolean => forms.some((form) => text.includes(form))
  const said = seen.filter(({ text }) => isIn(text)).map(({ what }) => what)
  const files = [home, temp, agent, byLogin].flatMap(filesBelow).filter((path) => isIn(searchable(path)))
  return [...said, ...files.map((path) => path.slice(place.length + 1))]
}

/** The secrets of a profile, opened by what protects them. */
async function secretsOf(profile: string): Promise<Profile['secrets']> {
  const by: Unlocking =
    profile === 'ci'
      ? { kind: 'key-file', key: Buffer.from(MARKS.keyFile, 'base64') }
      : { kind: 'passphrase', passphrase: new Secret(MARKS.passphrase) }
  return (await openHome({ AKCTL_HOME: `${home}/akctl` }, new OneAccess(by)).open(profile)).secrets
}

const apiKey = async (profile: string, id: number): Promise<string> =>
  (await (await secretsOf(profile)).get(`node/${id}/api-key`))?.reveal() ?? ''

const nodeJson = (archive: string): string => unpacked(archive, 'conf/node.json')
const unpacked = (archive: string, path: string): string =>
  execFileSync('tar', ['-xzOf', join(home, archive), path], { encoding: 'utf8' })

const POSTFIX = '--access https --mta postfix'
const NODE = `--host 203.0.113.5 --dir /opt/akmta ${POSTFIX}`
const BARE = '--runtime system' // without the Node.js that comes along
const keys: string[] = []
const privateKeys = new Map<string, string>()

type Lines = readonly (readonly [string, Parameters<typeof akctl>[1]?, number?])[]

/** Runs akctl line by line; each must end with its exit code, 0 when none is given. */
function runs(lines: Lines): void {
  for (const [line, options, expected = 0] of lines) {
    const { exit } = akctl(line, options)
    if (exit !== expected) throw new Error(`${line}: ${exit}, not ${expected}\n${seen.at(-1)?.text ?? ''}`)
  }
}

/** The node behind its agent: the key goes to it, once a wrong one too, and what it is told to programs there. */
async function useApiKey(): Promise<void> {
  execFileSync('tar', ['-xzf', join(home, 'a.tgz'), '-C', agent])
  const start = [join(agent, 'bin/node'), '-d', '--https', `--config=${agent}/conf/`]
  const { trace } = await traced(start, join(place, 'trace-agent'), /the agent runs/, env)
  try {
    runs([
      [`nodes test mx1 --passphrase-file ${passphrase}`],
      [`settings set mx1 esmtp-connection-timeout=21s --sync --passphrase-file ${passphrase}`],
      ['mta status mx1 --json', { env: { AKCTL_PASSPHRASE: MARKS.passphrase } }],
    ])
    const secrets = await secretsOf('default')
    const right = await apiKey('default', 1)
    await secrets.set('node/1/api-key', new Secret(MARKS.refused))
    runs([[`mta sync mx1 --passphrase-file ${passphrase}`, {}, 6]])
    await secrets.set('node/1/api-key', new Secret(right))
    runs([[`node logs mx1 --source agent --passphrase-file ${passphrase}`]])
  } finally {
    process.kill(Number(readFileSync(join(agent, 'run/agent.pid'), 'utf8')), 'SIGTERM')
  }
  seen.push({ what: 'programs of the agent', text: await trace })
}

/** A login by a key that its passphrase protects. */
async function useSshKey(): Promise<void> {
  const [publicLine = ''] = akctl('keys show one -o tsv').stdout.split('\n')
  const sshd = await startSshd({ authorized: [publicLine] })
  const { trace } = await traced(['-p', String(sshd.pid)], join(place, 'trace-sshd'), / attached/)
  try {
    runs([
      [`nodes create by-login --host 127.0.0.1 --port ${sshd.port} --user ${sshd.user} --key one --dir ${byLogin} --mta postfix`],
      [`trust add by-login --fingerprint ${sshd.hostKey().fingerprint}`],
      [`nodes install by-login --smtp-listen 127.0.0.1:${await freePort()} --passphrase-file ${passphrase}`],
      ['settings set by-login esmtp-connection-timeout=21s --sync', { env: { AKCTL_PASSPHRASE: MARKS.passphrase } }],
      [`mta status by-login --passphrase-file ${wrong}`, {}, 6],
    ])
    await sshd.idle()
    seen.push({ what: 'log of the sshd', text: sshd.log() })
  } finally {
    await sshd.stop()
  }
  seen.push({ what: 'programs of the sshd', text: await trace })
}

beforeAll(async () => {
  const [port, smtp] = [await freePort(), await freePort()]
  runs([
    [`keys create one --passphrase-file ${passphrase}`],
    ['keys create two --passphrase-stdin --json', { input: `${MARKS.stdin}\n` }],
    ['keys create three', { env: { AKCTL_PASSPHRASE: MARKS.variable } }],
    ['keys import four akctl/profiles/default/keys/one', { env: { AKCTL_PASSPHRASE: MARKS.passphrase } }],
    [`nodes create mx1 --host 127.0.0.1 --port ${port} --dir ${agent} ${POSTFIX}`],
    [
      `nodes archive mx1 ${BARE} --out a.tgz --listen 127.0.0.1:${port} --smtp-listen 127.0.0.1:${smtp} --passphrase-file ${passphrase}`,
    ],
  ])
  await useApiKey()
  await useSshKey()
  runs([
    [`nodes archive mx1 --rotate --out r.tgz --passphrase-file ${passphrase} --json`],
    [`nodes archive mx1 --upgrade ${BARE} --out up.tgz`, { env: { AKCTL_PASSPHRASE: MARKS.passphrase } }],
    ['profiles create ci'],
    [`nodes create mx2 ${NODE} --profile ci`],
    [`nodes archive mx2 ${BARE} --profile ci --out c.tgz`, { env: { AKCTL_SECRETS_KEY_FILE: keyFile } }],
    ['profiles list --json'],
    ['journal list --json'],
    ['nodes show mx1 --no-status --json'],
    ['trust list --json'],
  ])
  keys.push(await apiKey('default', 1), await apiKey('ci', 1))
  for (const name of ['a.tgz', 'r.tgz', 'c.tgz']) privateKeys.set(name, unpacked(name, 'conf/server.key'))
  runs([
    [`nodes archive mx1 --finish --unasked --out f.tgz --passphrase-file ${wrong}`, {}, 6],
    [`nodes archive mx1 --rotate --out f.tgz --secrets-key-file ${keyFile} --no-input`, {}, 2],
    [`keys import five akctl/profiles/default/keys/one --passphrase-file ${wrong}`, {}, 2],
    [`keys import five ${passphrase}`, {}, 2],
    [`nodes archive mx2 --profile ci --renew --out f.tgz --secrets-key-file ${passphrase}`, {}, 2],
    [`nodes archive mx1 --finish --unasked --out f.tgz --passphrase-file ${passphrase} --json`],
  ])
  keys.push(await apiKey('default', 1))
})

test.each(['latin1', 'base64', 'base64url', 'hex'] as const)(
  'a mark is recognised as %s, whatever stands around it',
  (encoding) => {
    const mark = 'CANARY-?>~?>~?>~'
    for (const before of ['', 'a', 'ab', 'abc']) {
      const text = Buffer.from(`${before}${mark}:`).toString(encoding)
      expect(formsOf(mark).some((form) => text.includes(form))).toBe(true)
    }
  },
)

test('the trace holds what programs were given: a mark on a command line would be found', () => {
  const before = seen.length
  akctl(`keys show ${MARKS.wrong}`)
  const found = seen.slice(before).filter(({ text }) => text.includes(MARKS.wrong))
  expect(found.map(({ what }) => what.split(' ')[0])).toEqual(['argv', 'stderr'])
  seen.splice(before)
})

test('so do the traces of the nodes: the settings that a script was given are found there', () => {
  const where = placesOf('smtp_connect_timeout=21s')
  expect(where).toEqual(expect.arrayContaining(['programs of the agent', 'programs of the sshd']))
})

test.each(Object.entries(MARKS))('%s: given by file, stdin or environment, it is nowhere else', (_name, mark) => {
  expect(placesOf(mark)).toEqual([])
})

test('API keys are nowhere as they are, of archives their digests alone', () => {
  expect(new Set(keys).size).toBe(3)
  for (const key of keys) {
    expect(key).toMatch(/^akctl_[\w-]{43}$/)
    expect(placesOf(key.slice(6))).toEqual([])
  }
  expect(nodeJson('f.tgz')).toContain(
    createHash('sha256')
      .update(keys[2] ?? '')
      .digest('hex'),
  )
})

test("certificates' private keys are in their archives, unpacked too, and nowhere else", () => {
  expect(new Set(privateKeys.values()).size).toBe(3)
  for (const [archive, pem] of privateKeys) {
    const lines = pem.split('\n').filter((line) => line.length > 30 && !line.startsWith('-'))
    expect(lines.length).toBeGreaterThan(1)
    const where = [`home/${archive}`, ...(archive === 'a.tgz' ? ['agent/conf/server.key'] : [])]
    for (const line of lines) expect(placesOf(line)).toEqual(where)
    const der = Buffer.from(pem.replace(/^-.*$/gm, ''), 'base64')
    expect(placesOf(der.subarray(-60))).toEqual([])
  }
})

test('nothing unfinished is left, neither beside the archives nor in the temporary folder', () => {
  expect(readdirSync(temp)).toEqual([])
  expect(readdirSync(home).sort()).toEqual(['a.tgz', 'akctl', 'c.tgz', 'f.tgz', 'r.tgz', 'up.tgz'])
})

test('plain means plain: the key is in the store then, and even so nowhere else', async () => {
  akctl('profiles create plain')
  akctl(`nodes create mx3 ${NODE} --profile plain`)
  expect(akctl(`nodes archive mx3 ${BARE} --profile plain --plaintext --out p.tgz`).exit).toBe(0)
  expect(seen.at(-1)?.text).toMatch(/warning: the secrets of the profile plain will not be encrypted/)
  expect(akctl('profiles list').stdout).toMatch(/^plain\t.*\tplain$/m)
  expect(placesOf(await apiKey('plain', 1))).toEqual(['home/akctl/profiles/plain/secrets.json'])
})
