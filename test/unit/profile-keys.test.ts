import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { NotFoundError, StoreError, UsageError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { KeyStore } from '../../src/profile/profile.ts'
import { generateKey } from '../../src/profile/key-maker.ts'
import { tempDir } from '../support/temp.ts'

const root = tempDir()
const count = { n: 0 }

async function fresh(): Promise<{ keys: KeyStore; at: (name: string) => string }> {
  const home = join(root, `h${count.n++}`)
  const profile = await openHome({ AKCTL_HOME: home }).open()
  return { keys: profile.keys, at: (name) => join(profile.directory, 'keys', name) }
}

/** What `ssh-keygen -l` says: bits, fingerprint, comment, (TYPE). */
const listed = (file: string): string => execFileSync('ssh-keygen', ['-l', '-f', file], { encoding: 'utf8' }).trim()

/** The public key that ssh-keygen finds in a private one. */
const derived = (file: string, passphrase = ''): string =>
  execFileSync('ssh-keygen', ['-y', '-P', passphrase, '-f', file], { encoding: 'utf8' }).trim()

/** A key made by ssh-keygen; `-m PEM` makes the old form. */
function made(...options: string[]): string {
  const file = join(root, `made${count.n++}`)
  execFileSync('ssh-keygen', ['-q', '-N', '', '-C', 'from ssh-keygen', '-f', file, ...options])
  return file
}

describe('a created key', () => {
  test('is an ed25519 key that ssh-keygen lists and reads', async () => {
    const { keys, at } = await fresh()
    const key = await keys.create('deploy', { comment: 'akctl deploy' })
    expect(key).toMatchObject({ name: 'deploy', type: 'ssh-ed25519', comment: 'akctl deploy', encrypted: false })
    expect(listed(at('deploy'))).toBe(`256 ${key.fingerprint} akctl deploy (ED25519)`)
    expect(derived(at('deploy'))).toBe(key.publicLine)
    expect(readFileSync(at('deploy.pub'), 'utf8')).toBe(`${key.publicLine}\n`)
    expect(await keys.get('deploy')).toEqual(key)
    expect(Buffer.from(await keys.privateKey('deploy'))).toEqual(readFileSync(at('deploy')))
  })

  test('with a passphrase opens with that one alone, and is listed without it', async () => {
    const { keys, at } = await fresh()
    const key = await keys.create('locked', { comment: 'c', passphrase: 'pass wörd' })
    expect(key.encrypted).toBe(true)
    expect(derived(at('locked'), 'pass wörd')).toBe(key.publicLine)
    expect(spawnSync('ssh-keygen', ['-y', '-P', 'wrong', '-f', at('locked')]).status).not.toBe(0)
    expect(await keys.list()).toEqual([key])
    rmSync(at('locked.pub'))
    expect(await keys.get('locked')).toMatchObject({ fingerprint: key.fingerprint, encrypted: true, comment: '' })
    // 32 rounds of bcrypt, and AES-256 in counter mode, as the file itself says.
    const file = Buffer.from(readFileSync(at('locked'), 'latin1').split('\n').slice(1, -2).join(''), 'base64')
    expect(file.toString('latin1')).toContain('aes256-ctr')
    expect(file.readUInt32BE(file.indexOf('bcrypt') + 6 + 4 + 4 + 16)).toBe(32)
  })

  test('with any length of comment is read by ssh-keygen; control characters never get into a file', async () => {
    const { keys, at } = await fresh()
    for (let length = 0; length < 9; length++) {
      const key = await keys.create(`k${length}`, { comment: 'c'.repeat(length) })
      expect(derived(at(`k${length}`))).toBe(key.publicLine)
    }
    const evil = await keys.create('evil', { comment: 'a\nssh-rsa AAAA\u001b[2J' })
    expect(evil.comment).toBe('a ssh-rsa AAAA [2J')
    expect(readFileSync(at('evil.pub'), 'utf8').split('\n')).toHaveLength(2)
    expect(listed(at('evil'))).toContain(evil.fingerprint)
  })

  test('is never one of those that ssh2 cuts a zero byte off', async () => {
    for (let i = 0; i < 600; i++) expect((await generateKey({ comment: '' })).key.blob).toHaveLength(51)
  })

  test('an empty passphrase, and names that are taken or none, are refused', async () => {
    const { keys, at } = await fresh()
    await keys.create('k', { comment: '' })
    const before = readFileSync(at('k'))
    await expect(keys.create('k', { comment: '' })).rejects.toThrow('there is a key k already')
    await expect(keys.create('x', { comment: '', passphrase: '' })).rejects.toThrow(UsageError)
    for (const name of ['agent', 'x.pub', '../x', 'X', '1']) {
      await expect(keys.create(name, { comment: '' })).rejects.toThrow(UsageError)
      await expect(keys.import(name, before, {})).rejects.toThrow(UsageError)
      await expect(keys.privateKey(name)).rejects.toThrow(UsageError)
    }
    expect(readFileSync(at('k'))).toEqual(before)
    expect(readdirSync(at('')).sort()).toEqual(['.lock', '.lock-queue', 'k', 'k.pub'])
  })
})

describe('an imported key', () => {
  test.each([
    ['-t', 'ed25519'],
    ['-t', 'ecdsa', '-b', '256'],
    ['-t', 'ecdsa', '-b', '384'],
    ['-t', 'ecdsa', '-b', '521'],
    ['-t', 'rsa', '-b', '2048'],
    ['-t', 'rsa', '-b', '3072', '-m', 'PEM'],
    ['-t', 'ecdsa', '-b', '256', '-m', 'PEM'],
  ])('of ssh-keygen %s %s %s %s %s %s is taken in as it is', async (...options) => {
    const { keys, at } = await fresh()
    const file = made(...options)
    const key = await keys.import('k', readFileSync(file), {})
    expect(readFileSync(at('k'))).toEqual(readFileSync(file))
    const pem = options.includes('PEM')
    const [bits, fingerprint, ...rest] = listed(file).split(' ')
    expect(key).toMatchObject({ fingerprint, encrypted: false, comment: pem ? '' : 'from ssh-keygen' })
    expect([bits, rest.join(' ')]).toEqual([options.at(3) ?? '256', expect.stringContaining('from ssh-keygen')])
    expect(key.publicLine.split(' ').slice(0, 2)).toEqual(derived(at('k')).split(' ').slice(0, 2))
    expect(await keys.get('k')).toEqual(key)
    rmSync(at('k.pub'))
    expect(await keys.get('k')).toMatchObject({ fingerprint, type: key.type })
  })

  test.each([
    ['OpenSSH', ['-t', 'ed25519', '-N', 'secret']],
    ['OpenSSH, another cipher', ['-t', 'ed25519', '-N', 'secret', '-Z', 'aes256-gcm@openssh.com']],
    ['PEM', ['-t', 'rsa', '-b', '2048', '-m', 'PEM', '-N', 'secret']],
  ])('with a passphrase (%s) stays encrypted and wants its passphrase', async (_, options) => {
    const { keys, at } = await fresh()
    const file = made(...options)
    const bytes = readFileSync(file)
    await expect(keys.import('k', bytes, {})).rejects.toThrow('protected by a passphrase')
    await expect(keys.import('k', bytes, { passphrase: '' })).rejects.toThrow('protected by a passphrase')
    await expect(keys.import('k', bytes, { passphrase: 'wrong' })).rejects.toThrow('the passphrase is wrong')
    expect(await keys.list()).toEqual([])
    const key = await keys.import('k', bytes, { passphrase: 'secret' })
    expect(key).toMatchObject({ encrypted: true, fingerprint: listed(file).split(' ')[1] })
    expect(spawnSync('ssh-keygen', ['-y', '-P', '', '-f', at('k')]).status).not.toBe(0)
    expect(derived(at('k'), 'secret').split(' ')[1]).toBe(key.publicLine.split(' ')[1])
    expect(await keys.list()).toEqual([key])
  })

  test('pasted without its last line end, or with those of Windows, is put right for ssh', async () => {
    const { keys, at } = await fresh()
    const text = readFileSync(made('-t', 'ed25519'), 'utf8')
    await keys.import('unended', Buffer.from(text.trimEnd()), {})
    await keys.import('windows', Buffer.from(`\r\n${text.replaceAll('\n', '\r\n')}`), {})
    for (const name of ['unended', 'windows']) expect(readFileSync(at(name), 'utf8')).toBe(text)
  })

  test.each<[string, () => string | Buffer, string]>([
    ['nothing', () => '', 'no private key'],
    ['a text', () => 'hello', 'no private key'],
    ['a public key', () => readFileSync(`${made('-t', 'ed25519')}.pub`), 'this is a public key'],
    ['a short RSA key', () => readFileSync(made('-t', 'rsa', '-b', '1024')), 'has 1024 bits: 2048 is the least'],
    ['a short RSA key in PEM', () => readFileSync(made('-t', 'rsa', '-b', '1024', '-m', 'PEM')), 'has 1024 bits'],
    ['a DSA key', () => readFileSync(made('-t', 'dsa')), 'ssh-dss are not accepted'],
    ['PKCS #8', () => execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519']), 'PKCS #8'],
    ["PuTTY's form", () => 'PuTTY-User-Key-File-3: ssh-ed25519\n', "PuTTY's form"],
    ['half a key', () => readFileSync(made('-t', 'ed25519'), 'utf8').slice(0, 200), 'no private key'],
    ['a key with a hole', () => readFileSync(made('-t', 'ed25519'), 'utf8').replace(/\n.{70}\n/, '\n'), 'damaged'],
    ['a PEM key with a hole', () => readFileSync(made('-t', 'rsa', '-m', 'PEM'), 'utf8').replace(/\n.{64}\n/, '\n'), 'damaged'],
  ])('that is %s is refused, saying why', async (_, content, why) => {
    const { keys } = await fresh()
    const refusal = keys.import('k', Buffer.from(content()), {})
    await expect(refusal).rejects.toThrow(UsageError)
    await expect(refusal).rejects.toThrow(why)
    expect(await keys.list()).toEqual([])
  })

  test('whose private part is not that of its public part is refused', async () => {
    const { keys } = await fresh()
    const [one, two] = [made('-t', 'ed25519'), made('-t', 'ed25519')].map((file) => body(readFileSync(file, 'latin1')))
    // The public part at the beginning is the first one's, the private part the second one's.
    const mixed = Buffer.concat([one!.subarray(0, 98), two!.subarray(98)])
    const text = `-----BEGIN OPENSSH PRIVATE KEY-----\n${mixed.toString('base64')}\n-----END OPENSSH PRIVATE KEY-----\n`
    await expect(keys.import('k', Buffer.from(text), {})).rejects.toThrow('damaged')
  })
})

const body = (text: string): Buffer => Buffer.from(text.replace(/-----[^-]+-----/g, ''), 'base64')

describe('stored keys', () => {
  test('are listed by name; a .pub beside a key can add a comment and nothing else', async () => {
    const { keys, at } = await fresh()
    const [b, a] = [await keys.create('b', { comment: 'bee' }), await keys.create('a', { comment: '' })]
    expect(await keys.list()).toEqual([a, b])
    writeFileSync(at('a.pub'), b.publicLine)
    expect(await keys.get('a')).toEqual(a)
    writeFileSync(at('a.pub'), 'rubbish')
    expect(await keys.get('a')).toEqual(a)
  })

  test('are deleted with their public part, and can be made again', async () => {
    const { keys, at } = await fresh()
    const first = await keys.create('k', { comment: '' })
    await keys.delete('k')
    expect([existsSync(at('k')), existsSync(at('k.pub'))]).toEqual([false, false])
    await expect(keys.get('k')).rejects.toThrow(NotFoundError)
    await expect(keys.privateKey('k')).rejects.toThrow(NotFoundError)
    await expect(keys.delete('k')).rejects.toThrow(NotFoundError)
    expect((await keys.create('k', { comment: '' })).fingerprint).not.toBe(first.fingerprint)
  })

  test('one that is damaged is named, and can be deleted', async () => {
    const { keys, at } = await fresh()
    await keys.create('k', { comment: '' })
    writeFileSync(at('k'), 'rubbish')
    const good = await keys.create('other', { comment: '' })
    const words = `the key file ${at('k')} can't be used: this is no private key`
    expect(await keys.list()).toEqual([{ name: 'k', damaged: expect.stringContaining(words) as string }, good])
    await expect(keys.get('k')).rejects.toThrow(words)
    await expect(keys.isProtected('k')).rejects.toThrow(StoreError)
    await keys.delete('k')
    expect(await keys.list()).toEqual([good])
  })

  test('no hint for a damaged one would empty its public file, which may be the last copy', async () => {
    const { keys, at } = await fresh()
    await keys.create('k', { comment: '' })
    writeFileSync(at('k'), 'rubbish')
    const { hints } = (await keys.get('k').catch((error: unknown) => error)) as StoreError
    expect(hints.join('\n')).toContain(`ssh-keygen -y -f ${at('k')}`)
    expect(hints.join('\n')).not.toContain('.pub')
  })

  test('one that is cut off behind its public part is damaged; that it wants a passphrase is seen without it', async () => {
    const { keys, at } = await fresh()
    await keys.create('open', { comment: '' })
    await keys.create('shut', { comment: '', passphrase: 'a passphrase' })
    expect([await keys.isProtected('open'), await keys.isProtected('shut')]).toEqual([false, true])
    const [begin, body = '', end] = readFileSync(at('open'), 'utf8').split(/(?<=-----)\n|\n(?=-----)/)
    writeFileSync(at('open'), `${begin}\n${body.replaceAll('\n', '').slice(0, 160)}\n${end}`)
    await expect(keys.isProtected('open')).rejects.toThrow(/damaged or cut short/)
  })

  test('an encrypted PEM key without its .pub says how to make that again', async () => {
    const { keys, at } = await fresh()
    await keys.import('k', readFileSync(made('-t', 'rsa', '-m', 'PEM', '-N', 'secret')), { passphrase: 'secret' })
    rmSync(at('k.pub'))
    await expect(keys.get('k')).rejects.toMatchObject({
      hints: [
        expect.stringContaining(`ssh-keygen -y -f ${at('k')} > ${at('k')}.pub`) as string,
        expect.anything(),
        expect.anything(),
      ],
    })
  })
})
