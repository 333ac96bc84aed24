import { chmodSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Context, Prompter } from '../../src/operations/context.ts'
import { ContextSecretAccess, assertProtectable } from '../../src/operations/secrets/access.ts'
import { makeKeyFile, readKeyFile } from '../../src/operations/secrets/key-file.ts'
import { UsageError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import { tempDir } from '../support/temp.ts'

const place = tempDir()

interface Given {
  readonly run?: Partial<Context['run']>
  readonly env?: Context['env']
  /** Answers of a person at a terminal. */
  readonly answers?: readonly string[]
}

/** A run with these flags and variables. */
function contextOf({ run = {}, env = {}, answers }: Given) {
  const said: string[] = []
  const left = [...(answers ?? [])]
  const prompter = {
    canAsk: answers !== undefined,
    secret: (question: string) => {
      said.push(question)
      return Promise.resolve(left.shift() ?? '')
    },
  } as unknown as Prompter
  const home = openHome({ AKCTL_HOME: join(place, 'home') })
  const tell = (text: string): void => void said.push(text)
  const context = { run, env, prompter, home: () => home, profile: () => home.open(), note: tell, warn: tell }
  return { said, access: new ContextSecretAccess(context as unknown as Context), context: context as unknown as Context }
}

const passphraseFile = join(place, 'passphrase')
writeFileSync(passphraseFile, 'from the file\n')

describe('what protects the first secret', () => {
  it('--plaintext, with a warning, before all else', async () => {
    const { access, said } = contextOf({ run: { plaintext: true, secretsKeyFile: join(place, 'never') } })
    expect(await access.choose('prod')).toEqual({ kind: 'plain' })
    expect(said.join()).toMatch(/secrets of the profile prod will not be encrypted/)
  })

  it('a key file, made when it is not there', async () => {
    const file = join(place, 'made-key')
    const first = await contextOf({ run: { secretsKeyFile: file, passphraseFile } }).access.choose('prod')
    const second = contextOf({ run: { secretsKeyFile: file } })
    expect(await second.access.choose('prod')).toEqual(first)
    expect(second.said).toEqual([])
    expect(first.kind === 'key-file' && first.key.length).toBe(32)
    expect(statSync(file).mode & 0o777).toBe(0o600)
  })

  it.each<[string, Given, string]>([
    ['a passphrase file', { run: { passphraseFile }, env: { AKCTL_PASSPHRASE: 'from the variable' } }, 'from the file'],
    ['AKCTL_PASSPHRASE', { env: { AKCTL_PASSPHRASE: 'from the variable' }, answers: [] }, 'from the variable'],
    ['a person who types it twice', { answers: ['typed', 'typed'] }, 'typed'],
  ])('%s', async (_what, given, expected) => {
    const chosen = await contextOf(given).access.choose('prod')
    expect(chosen.kind === 'passphrase' && chosen.passphrase.reveal()).toBe(expected)
  })

  it.each([
    ['an empty answer', ['', '']],
    ['two different answers', ['one', 'two']],
  ])('not %s', async (_what, answers) => {
    await expect(contextOf({ answers }).access.choose('prod')).rejects.toThrow(UsageError)
  })

  it('nothing: the flags are named, at the beginning of a long operation as well', async () => {
    const { access, context } = contextOf({})
    for (const work of [access.choose('default'), assertProtectable(context)]) {
      const error: unknown = await work.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UsageError)
      expect((error as UsageError).hints.join()).toMatch(/--secrets-key-file .*AKCTL_SECRETS_KEY_FILE.*--passphrase-file/)
    }
  })
})

describe('what unlocks', () => {
  it('a passphrase is asked for once; without a terminal the flags are named', async () => {
    const { access, said } = contextOf({ answers: ['typed'] })
    expect((await access.passphrase('prod')).reveal()).toBe('typed')
    expect(said).toHaveLength(1)
    await expect(contextOf({}).access.passphrase('prod')).rejects.toThrow(/of the profile prod are protected by a passphrase/)
  })

  it('a key file must be named and be there: it is not made to unlock', async () => {
    await expect(contextOf({}).access.keyFile('prod')).rejects.toThrow(/of the profile prod are protected by a key file/)
    const file = join(place, 'missing-key')
    await expect(contextOf({ run: { secretsKeyFile: file } }).access.keyFile('prod')).rejects.toThrow(/there is no key file/)
    expect(readdirSync(place)).not.toContain('missing-key')
  })
})

describe('key files', () => {
  it('never replace one that is there, and leave nothing beside', async () => {
    const file = join(place, 'existing')
    expect(await makeKeyFile(file)).toBe(true)
    const before = readFileSync(file)
    expect(await makeKeyFile(file)).toBe(false)
    expect(readFileSync(file)).toEqual(before)
    expect(readdirSync(place).filter((name) => name.endsWith('.new'))).toEqual([])
    await expect(makeKeyFile(join(place, 'no/such/folder'))).rejects.toThrow(/cannot make the key file/)
  })

  it.each([
    ['raw bytes', Buffer.alloc(32, 0xfb)],
    ['base64', `${Buffer.alloc(32, 0xfb).toString('base64')}\n`],
    ['base64url', Buffer.alloc(32, 0xfb).toString('base64url')],
  ])('may hold %s', async (name, content) => {
    const file = join(place, `key ${name}`)
    writeFileSync(file, content, { mode: 0o600 })
    symlinkSync(file, `${file} link`)
    expect(Buffer.from(await readKeyFile(`${file} link`))).toEqual(Buffer.alloc(32, 0xfb))
  })

  it.each([
    ['too short', 'c2hvcnQ=', /is no key file: 32 random bytes/],
    ['a passphrase', 'correct horse battery staple but somewhat long', /is no key file/],
    ['empty', '', /is no key file/],
  ])('is none: %s', async (name, content, message) => {
    const file = join(place, `none ${name}`)
    writeFileSync(file, content, { mode: 0o600 })
    await expect(readKeyFile(file)).rejects.toThrow(message)
  })

  it('that others can read is refused, and its content is not in the message', async () => {
    const file = join(place, 'open-key')
    writeFileSync(file, `${Buffer.alloc(32, 1).toString('base64')}\n`)
    chmodSync(file, 0o640)
    await expect(readKeyFile(file)).rejects.toThrow(/is open to other users/)
    await expect(readKeyFile(place)).rejects.toThrow(/not a regular file/)
  })
})
