// Marked secrets go through the commands that take them; afterwards no mark is anywhere but where it belongs. Every
// execve of every process is traced, with whole arguments and environments.
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Secret } from '../../src/node/secret.ts'
import { openHome } from '../../src/profile/home.ts'
import type { Unlocking } from '../../src/profile/secret-access.ts'
import { BIN, cleanEnv } from '../support/cli.ts'
import { OneAccess } from '../support/secret-access.ts'
import { tempDir } from '../support/temp.ts'

jest.setTimeout(240_000)

const place = tempDir('akctl-canary-')
const given = join(place, 'given')
const home = join(place, 'home')
const temp = join(place, 'tmp')
for (const folder of [given, home, temp]) mkdirSync(folder)

const MARKS = {
  passphrase: 'CANARY-passphrase-4711',
  wrong: 'CANARY-wrong-passphrase-4712',
  variable: 'CANARY-variable-4713',
  stdin: 'CANARY-stdin-4714',
  keyFile: Buffer.alloc(32, 'CANARY-of-the-key-file').toString('base64'),
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
  XDG_CACHE_HOME: join(tmpdir(), `akctl-test-cache-${process.getuid?.() ?? 0}`),
}

/** Everything that runs said, printed and passed on to programs; what the test itself passed to akctl is left out. */
const seen: { readonly what: string; readonly text: string }[] = []

interface Run {
  readonly exit: number | null
  readonly stdout: string
}

function akctl(line: string, options: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {}): Run {
  const trace = join(place, 'trace')
  const strace = ['-f', '-qq', '-e', 'trace=execve', '-v', '-s', '1000000', '-o', trace]
  const { status, stdout, stderr } = spawnSync('strace', [...strace, process.execPath, BIN, ...line.split(' ')], {
    cwd: home,
    env: { ...env, ...options.env },
    input: options.input ?? '',
    encoding: 'utf8',
  })
  const [own = '', ...others] = readFileSync(trace, 'utf8').split('\n')
  const argv = /execve\("[^"]*", (\[.*?\]), \[/.exec(own)?.[1]
  seen.push({ what: `argv of ${line}`, text: argv ?? own })
  seen.push({ what: `programs of ${line}`, text: others.join('\n') })
  seen.push({ what: `stdout of ${line}`, text: stdout }, { what: `stderr of ${line}`, text: stderr })
  return { exit: status, stdout }
}

/** Every file below a folder, by path. */
function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true)
}

/** Where a text is found: in what was said, or in a file that akctl wrote. */
function placesOf(mark: string): readonly string[] {
  const said = seen.filter(({ text }) => text.includes(mark)).map(({ what }) => what)
  const files = [...filesBelow(home), ...filesBelow(temp)].filter((path) => readFileSync(path, 'latin1').includes(mark))
  return [...said, ...files.map((path) => path.slice(place.length + 1))]
}

const apiKey = async (profile: string, id: number): Promise<string> => {
  const by: Unlocking =
    profile === 'ci'
      ? { kind: 'key-file', key: Buffer.from(MARKS.keyFile, 'base64') }
      : { kind: 'passphrase', passphrase: new Secret(MARKS.passphrase) }
  const { secrets } = await openHome({ AKCTL_HOME: `${home}/akctl` }, new OneAccess(by)).open(profile)
  return (await secrets.get(`node/${id}/api-key`))?.reveal() ?? ''
}

const unpacked = (archive: string, path: string): string =>
  execFileSync('tar', ['-xzOf', join(home, archive), path], { encoding: 'utf8' })

const NODE = '--host 203.0.113.5 --dir /opt/akmta --access https --mta postfix'
const keys: string[] = []
const privateKeys: string[] = []

beforeAll(async () => {
  const runs: [string, Parameters<typeof akctl>[1]?][] = [
    [`keys create one --passphrase-file ${passphrase}`],
    ['keys create two --passphrase-stdin --json', { input: `${MARKS.stdin}\n` }],
    ['keys create three', { env: { AKCTL_PASSPHRASE: MARKS.variable } }],
    ['keys import four akctl/profiles/default/keys/one', { env: { AKCTL_PASSPHRASE: MARKS.passphrase } }],
    [`nodes create mx1 ${NODE}`],
    [`nodes archive mx1 --out a.tgz --passphrase-file ${passphrase}`],
    [`nodes archive mx1 --rotate --out r.tgz --passphrase-file ${passphrase} --json`],
    ['nodes archive mx1 --upgrade --out up.tgz', { env: { AKCTL_PASSPHRASE: MARKS.passphrase } }],
    ['profiles create ci'],
    [`nodes create mx2 ${NODE} --profile ci`],
    ['nodes archive mx2 --profile ci --out c.tgz', { env: { AKCTL_SECRETS_KEY_FILE: keyFile } }],
    ['profiles list --json'],
    ['journal list --json'],
    ['nodes show mx1 --no-status --json'],
    ['trust list --json'],
  ]
  for (const [line, options] of runs) {
    const { exit } = akctl(line, options)
    if (exit !== 0) throw new Error(`${line}: ${exit}\n${seen.at(-1)?.text ?? ''}`)
  }
  keys.push(await apiKey('default', 1), await apiKey('ci', 1))
  privateKeys.push(...['a.tgz', 'r.tgz', 'c.tgz'].map((name) => unpacked(name, 'conf/server.key')))
  const failing: [string, number][] = [
    [`nodes archive mx1 --finish --unasked --out f.tgz --passphrase-file ${wrong}`, 6],
    [`nodes archive mx1 --rotate --out f.tgz --secrets-key-file ${keyFile} --no-input`, 2],
    [`keys import five akctl/profiles/default/keys/one --passphrase-file ${wrong}`, 2],
    [`keys import five ${passphrase}`, 2],
    [`nodes archive mx2 --profile ci --renew --out f.tgz --secrets-key-file ${passphrase}`, 2],
  ]
  for (const [line, expected] of failing) {
    const { exit } = akctl(line)
    if (exit !== expected) throw new Error(`${line}: ${exit}, not ${expected}\n${seen.at(-1)?.text ?? ''}`)
  }
  akctl(`nodes archive mx1 --finish --unasked --out f.tgz --passphrase-file ${passphrase} --json`)
  keys.push(await apiKey('default', 1))
})

test('the trace holds what programs were given: a mark on a command line would be found', () => {
  const before = seen.length
  akctl(`keys show ${MARKS.wrong}`)
  const found = seen.slice(before).filter(({ text }) => text.includes(MARKS.wrong))
  expect(found.map(({ what }) => what.split(' ')[0])).toEqual(['argv', 'stderr'])
  seen.splice(before)
})

test.each(Object.entries(MARKS))('%s: given by file, stdin or environment, it is nowhere else', (_name, mark) => {
  expect(placesOf(mark)).toEqual([])
})

test('API keys are nowhere as they are, of archives their digests alone', () => {
  expect(new Set(keys).size).toBe(3)
  for (const key of keys) {
    expect(key).toMatch(/^akctl_[\w-]{43}$/)
    expect(placesOf(key)).toEqual([])
    expect(placesOf(key.slice(6))).toEqual([])
    for (const name of ['a.tgz', 'r.tgz', 'c.tgz', 'f.tgz']) expect(unpacked(name, 'conf/node.json')).not.toContain(key.slice(6))
  }
})

test("certificates' private keys are in their archives and nowhere else", () => {
  expect(new Set(privateKeys).size).toBe(3)
  for (const pem of privateKeys) {
    const lines = pem.split('\n').filter((line) => line.length > 30 && !line.startsWith('-'))
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) expect(placesOf(line)).toEqual([])
  }
})

test('nothing unfinished is left, neither beside the archives nor in the temporary folder', () => {
  expect(readdirSync(temp)).toEqual([])
  expect(readdirSync(home).sort()).toEqual(['a.tgz', 'akctl', 'c.tgz', 'f.tgz', 'r.tgz', 'up.tgz'])
})

test('plain means plain: the key is in the store then, and even so nowhere else', async () => {
  akctl('profiles create plain')
  akctl(`nodes create mx3 ${NODE} --profile plain`)
  expect(akctl('nodes archive mx3 --profile plain --plaintext --out p.tgz').exit).toBe(0)
  expect(seen.at(-1)?.text).toMatch(/warning: the secrets of the profile plain will not be encrypted/)
  expect(akctl('profiles list').stdout).toMatch(/^plain\t.*\tplain$/m)
  expect(placesOf(await apiKey('plain', 1))).toEqual(['home/akctl/profiles/plain/secrets.json'])
})
