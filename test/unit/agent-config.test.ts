// node.json: every field, what is refused, and in which words.
import { createHash, generateKeyPairSync } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArguments } from '../../src/agent/arguments.ts'
import { type ConfigCheck, checkConfig, loadConfig } from '../../src/agent/config.ts'
import { StartError } from '../../src/agent/exits.ts'
import { FIELDS } from '../../src/agent/config-fields.ts'
import { makeCertificate } from '../support/certificates.ts'
import { tempDir } from '../support/temp.ts'

const temp = tempDir()
let pair: { readonly cert: string; readonly key: string }

beforeAll(async () => {
  pair = await makeCertificate()
})

const good = {
  LISTEN: '127.0.0.1:4433',
  CERT_PATH: 'server.crt',
  KEYFILE_PATH: 'server.key',
  APIKEY: `sha256:${'0a'.repeat(32)}`,
  PID_FILE: '../run/agent.pid',
  LOG_FILE: '../log/agent.log',
  BASEDIR: '.',
}

/** A conf folder with these fields over good ones; undefined leaves one out. */
function conf(fields: Readonly<Record<string, unknown>> = {}, text?: string): string {
  const folder = join(mkdtempSync(join(temp, 'node-')), 'conf')
  mkdirSync(folder)
  writeFileSync(join(folder, 'server.crt'), pair.cert)
  writeFileSync(join(folder, 'server.key'), pair.key, { mode: 0o600 })
  writeFileSync(join(folder, 'node.json'), text ?? JSON.stringify({ ...good, ...fields }))
  return folder
}

/** The exit status of the error that something throws. */
function exitOf(work: () => unknown): number | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    return error instanceof StartError ? error.exit : -1
  }
}

const check = (fields: Readonly<Record<string, unknown>>): ConfigCheck => checkConfig(conf(fields))

describe('a good node.json', () => {
  it('is read with defaults, relative paths from conf/, and BASEDIR from its parent', () => {
    const folder = conf()
    const { config, problems, warnings } = checkConfig(folder)
    expect({ problems, warnings }).toEqual({ problems: [], warnings: [] })
    const parent = join(folder, '..')
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 4433 },
      digests: ['0a'.repeat(32)],
      pidFile: join(parent, 'run/agent.pid'),
      logFile: join(parent, 'log/agent.log'),
      directory: parent,
      mta: 'haraka',
      user: { name: '65520', uid: 65_520, gid: 65_520 },
    })
    expect(config).not.toHaveProperty('service')
  })

  it('has an IPv6 address in brackets, an MTA, a unit and a user', () => {
    const { config } = check({ LISTEN: '[::1]:65535', MTA: 'postfix', SERVICE: 'postfix@mx1.service', USER: 'daemon' })
    expect(config).toMatchObject({
      listen: { host: '::1', port: 65_535 },
      mta: 'postfix',
      service: 'postfix@mx1.service',
      user: { name: 'daemon' },
    })
  })

  it('whose listener is to be nobody is warned of: others are nobody as well', () => {
    expect(check({ USER: 'nobody' })).toMatchObject({
      problems: [],
      warnings: [expect.stringMatching(/^USER: nobody: .*Haraka/)],
    })
  })

  it('takes a key itself, and two keys, as digests', () => {
    const key = 'key-of-16-letters'
    const digest = createHash('sha256').update(key).digest('hex')
    expect(check({ APIKEY: `${key}, ${good.APIKEY}` }).config?.digests).toEqual([digest, '0a'.repeat(32)])
  })
})

describe('a field that is wrong is named, with what is allowed', () => {
  it.each([
    ['LISTEN', '127.0.0.1'],
    ['LISTEN', '127.0.0.1:0'],
    ['LISTEN', '127.0.0.1:65536'],
    ['LISTEN', '300.0.0.1:4433'],
    ['LISTEN', '::1:4433'],
    ['LISTEN', '[127.0.0.1]:4433'],
    ['LISTEN', 4433],
    ['CERT_PATH', 'nowhere.crt'],
    ['CERT_PATH', 'server.key'],
    ['KEYFILE_PATH', 'nowhere.key'],
    ['KEYFILE_PATH', 'server.crt'],
    ['APIKEY', 'too-short'],
    ['APIKEY', 'sha256:abc'],
    ['APIKEY', `${good.APIKEY},${good.APIKEY}`],
    ['APIKEY', 'a-key-that-is-long-1,a-key-that-is-long-2,a-key-that-is-long-3'],
    ['APIKEY', 'a key with spaces in it'],
    ['APIKEY', ''],
    ['PID_FILE', '/proc/version/agent.pid'],
    ['PID_FILE', '..'],
    ['LOG_FILE', '/proc/version/agent.log'],
    ['LOG_FILE', 'a\nb'],
    ['BASEDIR', 'nowhere'],
    ['BASEDIR', 'conf/node.json'],
    ['MTA', 'sendmail'],
    ['SERVICE', '../../evil'],
    ['USER', 'nobody-of-that-name'],
    ['USER', 'root'],
  ])('%s: %j', (field, value) => {
    const { config, problems } = check({ [field]: value })
    expect(config).toBeUndefined()
    expect(problems).toHaveLength(1)
    expect(problems[0]).toMatch(new RegExp(`^${field}: .*; give `))
    expect(problems[0]).toContain(FIELDS[field as keyof typeof FIELDS].allowed)
  })

  it('all of them at once, the missing and the unknown ones too', () => {
    const { problems } = check({
      LISTEN: 'x',
      APIKEY: undefined,
      BASEDIR: 'nowhere',
      PIDFILE: 'run/x',
      SURPRISE: 1,
      toString: '',
      constructor: '',
    })
    expect(problems.map((problem) => problem.split(':')[0])).toEqual([
      'PIDFILE',
      'SURPRISE',
      'toString',
      'constructor',
      'LISTEN',
      'APIKEY',
      'BASEDIR',
    ])
    expect(problems[0]).toContain('did you mean PID_FILE?')
    expect(problems[5]).toContain('missing')
  })

  it('every needed field that is missing', () => {
    const { problems } = checkConfig(conf({}, '{}'))
    const needed = Object.entries(FIELDS).filter(([, { needed }]) => needed)
    expect(problems.map((problem) => problem.split(':')[0])).toEqual(expect.arrayContaining(needed.map(([name]) => name)))
    expect(problems).toHaveLength(needed.length)
  })

  it('a key never stands in a message', () => {
    const secret = 'secret with a space'
    expect(check({ APIKEY: secret }).problems.join()).not.toContain('secret with')
  })

  it.each([
    ['no JSON', '{"LISTEN": '],
    ['a list', '[]'],
    ['nothing', ''],
  ])('a file that is %s', (_, text) => {
    expect(checkConfig(conf({}, text)).problems).toEqual([expect.stringContaining('node.json: not ')])
  })

  it('a folder without the file', () => {
    expect(checkConfig(join(temp, 'nowhere')).problems).toEqual([expect.stringContaining('ENOENT')])
  })
})

describe('certificate and key', () => {
  it('that do not belong together', async () => {
    const folder = conf()
    writeFileSync(join(folder, 'server.key'), (await makeCertificate()).key)
    expect(checkConfig(folder).problems).toEqual([expect.stringMatching(/^KEYFILE_PATH: .*not the key of the certificate/)])
  })

  it('a key with a passphrase', () => {
    const folder = conf()
    const { privateKey } = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    })
    writeFileSync(join(folder, 'server.key'), privateKey)
    expect(checkConfig(folder).problems).toEqual([expect.stringContaining('passphrase')])
  })

  it('a key that others can read is a warning; so is a plain APIKEY in such a file', () => {
    const folder = conf({ APIKEY: 'a-key-that-is-long' })
    chmodSync(join(folder, 'server.key'), 0o644)
    const { config, warnings } = checkConfig(folder)
    expect(config).toBeDefined()
    expect(warnings).toEqual([expect.stringMatching(/^KEYFILE_PATH: /), expect.stringMatching(/^APIKEY: /)])
  })
})

it('a start tells all problems, a line each, with status 78', () => {
  const folder = conf({ LISTEN: 'x', MTA: 'y' })
  expect(() => loadConfig(folder)).toThrow(/node\.json is not in order:\n {2}LISTEN: .*\n {2}MTA: /)
  expect(exitOf(() => loadConfig(folder))).toBe(78)
})

describe('the command line', () => {
  it.each([
    [['-d', '--https', '--config=/x/'], { action: 'serve', daemon: true, config: '/x/' }],
    [['--https', '--config', '/x'], { action: 'serve', daemon: false, config: '/x' }],
    [['--check', '--config=/x'], { action: 'check', daemon: false, config: '/x' }],
    [['--version'], { action: 'version', daemon: false, config: '' }],
    [['-d', '--help'], { action: 'help', daemon: false, config: '' }],
  ])('%j', (words, meaning) => {
    expect(parseArguments(words)).toEqual(meaning)
  })

  it.each([
    [[]],
    [['-d', '--https']],
    [['-d', '--config=/x']],
    [['--https', '--config=']],
    [['--https', '--config']],
    [['-x']],
    [['start']],
  ])('%j is refused with 64', (words: string[]) => {
    expect(exitOf(() => parseArguments(words))).toBe(64)
  })
})
