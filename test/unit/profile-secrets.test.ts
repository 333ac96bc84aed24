import { chmodSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../src/node/secret.ts'
import { StoreError, UnauthorizedError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { SecretStore } from '../../src/profile/profile.ts'
import type { SecretAccess, Unlocking } from '../../src/profile/secret-access.ts'
import { Driver, bundleDriver } from '../support/store.ts'
import { OneAccess } from '../support/secret-access.ts'
import { tempDir } from '../support/temp.ts'

const place = tempDir()
const key = (byte: number): Unlocking => ({ kind: 'key-file', key: Buffer.alloc(32, byte) })
const phrase = (text: string): Unlocking => ({ kind: 'passphrase', passphrase: new Secret(text) })

interface Sealed {
  nonce: string
  data: string
  tag: string
}

interface Stored {
  protection?: { kind: string; salt?: string; cost?: number; check?: Sealed }
  entries: { name: string; sealed?: Sealed; plain?: string }[]
}

/** A home of its own with a store of secrets. */
function fresh(name: string) {
  const home = join(place, name)
  const file = join(home, 'profiles/default/secrets.json')
  const open = async (access: SecretAccess, profile = 'default'): Promise<SecretStore> =>
    (await openHome({ AKCTL_HOME: home }, access).open(profile)).secrets
  return {
    home,
    file,
    open,
    by: (by: Unlocking) => open(new OneAccess(by)),
    stored: () => JSON.parse(readFileSync(file, 'utf8')) as Stored,
    rewrite: (change: (stored: Stored) => void) => {
      const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored
      change(stored)
      writeFileSync(file, JSON.stringify(stored))
    },
  }
}

/** A base64 text with one bit of its first byte changed. */
function flipped(text: string): string {
  const bytes = Buffer.from(text, 'base64')
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0)
  return bytes.toString('base64')
}

describe.each([
  ['a passphrase', phrase('correct horse')],
  ['a key file', key(7)],
])('protected by %s', (what, by) => {
  const store = fresh(what)

  it('gives back what was stored, to whoever can unlock it, and nothing of it is in the files', async () => {
    const first = await store.by(by)
    expect(await first.get('node/1/api-key')).toBeUndefined()
    await first.set('node/1/api-key', new Secret('akctl_MARK-one'))
    await first.set('node/2/api-key', new Secret('akctl_MARK-two'))
    await first.set('node/2/api-key', new Secret('akctl_MARK-zwei \u00e4'))
    const again = await store.by(by)
    expect((await again.get('node/1/api-key'))?.reveal()).toBe('akctl_MARK-one')
    expect((await again.get('node/2/api-key'))?.reveal()).toBe('akctl_MARK-zwei \u00e4')
    const folder = join(store.home, 'profiles/default')
    for (const name of readdirSync(folder)) expect(readFileSync(join(folder, name), 'latin1')).not.toContain('MARK')
    expect(statSync(store.file).mode & 0o777).toBe(0o600)
    expect(store.stored().protection?.kind).toBe(by.kind)
  })

  it('is unlocked once a run, however many ask at the same time', async () => {
    const access = new OneAccess(by)
    const secrets = await store.open(access)
    const all = await Promise.all(Array.from({ length: 50 }, () => secrets.get('node/1/api-key')))
    expect(new Set(all.map((secret) => secret?.reveal()))).toEqual(new Set(['akctl_MARK-one']))
    expect(access.asked).toBe(1)
  })

  it('two encryptions of the same text differ', async () => {
    const secrets = await store.by(by)
    await secrets.set('a', new Secret('same'))
    await secrets.set('b', new Secret('same'))
    const [a, b] = store.stored().entries.slice(-2)
    expect(a?.sealed?.nonce).not.toBe(b?.sealed?.nonce)
    expect(a?.sealed?.data).not.toBe(b?.sealed?.data)
  })

  it('what is asked for in vain needs no unlocking', async () => {
    const access = new OneAccess(by)
    const secrets = await store.open(access)
    expect(await secrets.get('nothing')).toBeUndefined()
    await secrets.delete('nothing')
    expect(access.asked).toBe(0)
  })

  it('delete needs no unlocking and leaves nothing in the backup; without secrets the next one decides anew', async () => {
    const access = new OneAccess(by)
    const secrets = await store.open(access)
    await secrets.delete('a')
    expect(readFileSync(`${store.file}.bak`, 'utf8')).toBe(readFileSync(store.file, 'utf8'))
    expect(store.stored().entries.map(({ name }) => name)).toEqual(['node/1/api-key', 'node/2/api-key', 'b'])
    for (const name of ['node/1/api-key', 'node/2/api-key', 'b']) await secrets.delete(name)
    expect(access.asked).toBe(0)
    expect(store.stored()).toEqual({ schema: 1, entries: [] })
    await (await store.by({ kind: 'plain' })).set('x', new Secret('y'))
    expect(store.stored().protection).toEqual({ kind: 'plain' })
  })
})

describe('what does not unlock', () => {
  it.each([
    ['passphrase', phrase('right'), phrase('wrong')],
    ['key file', key(1), key(2)],
  ])('a wrong %s is refused, and nothing is overwritten', async (what, right, wrong) => {
    const store = fresh(`wrong ${what}`)
    await (await store.by(right)).set('a', new Secret('value'))
    const before = readFileSync(store.file)
    const secrets = await store.by(wrong)
    for (const work of [secrets.get('a'), secrets.set('a', new Secret('other')), secrets.set('b', new Secret('other'))]) {
      const error: unknown = await work.catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UnauthorizedError)
      expect((error as Error).message).toContain(`${what} does not unlock the secrets of the profile default`)
    }
    expect(readFileSync(store.file)).toEqual(before)
  })

  it('a home that was opened without anybody to unlock says so', async () => {
    const { secrets } = await openHome({ AKCTL_HOME: join(place, 'nobody') }).open()
    await expect(secrets.set('a', new Secret('x'))).rejects.toThrow(/nothing is at hand that unlocks/)
    expect(await secrets.get('a')).toBeUndefined()
  })
})

describe('damage', () => {
  const by = key(3)

  async function damaged(name: string, change: (stored: Stored) => void): Promise<unknown> {
    const store = fresh(`damage ${name}`)
    const secrets = await store.by(by)
    await secrets.set('a', new Secret('value of a'))
    await secrets.set('b', new Secret('value of b'))
    store.rewrite(change)
    return (await store.by(by)).get('a').catch((reason: unknown) => reason)
  }

  it.each<[string, (stored: Stored) => void]>([
    ['nonce', ({ entries: [a] }) => void (a!.sealed!.nonce = flipped(a!.sealed!.nonce))],
    ['text', ({ entries: [a] }) => void (a!.sealed!.data = flipped(a!.sealed!.data))],
    ['tag', ({ entries: [a] }) => void (a!.sealed!.tag = flipped(a!.sealed!.tag))],
    ['cut text', ({ entries: [a] }) => void (a!.sealed!.data = '')],
    ['another entry in its place', ({ entries: [a, b] }) => void (a!.sealed = b!.sealed!)],
    ['names exchanged', ({ entries: [a, b] }) => void ([a!.name, b!.name] = [b!.name, a!.name])],
  ])('of an entry: %s', async (name, change) => {
    const error = await damaged(name, change)
    expect(error).toBeInstanceOf(StoreError)
    expect((error as StoreError).message).toMatch(/the secret a in .*secrets\.json does not open/)
    expect((error as StoreError).hints.join()).toMatch(/secrets\.json\.bak is the state before/)
  })

  it.each<[string, (stored: Stored) => void]>([
    ['salt', ({ protection }) => void (protection!.salt = flipped(protection!.salt!))],
    ['check', ({ protection }) => void (protection!.check!.tag = flipped(protection!.check!.tag))],
  ])('of the head is like a wrong key, and the message says that, too: %s', async (name, change) => {
    const error = await damaged(name, change)
    expect(error).toBeInstanceOf(UnauthorizedError)
    expect((error as UnauthorizedError).hints.join()).toMatch(/the head of .* is damaged/)
  })

  it.each<[string, (stored: Stored) => void]>([
    ['a short nonce', ({ entries: [a] }) => void (a!.sealed!.nonce = 'AAAA')],
    ['a short tag', ({ entries: [a] }) => void (a!.sealed!.tag = 'AAAA')],
    ['no base64', ({ entries: [a] }) => void (a!.sealed!.data = '*')],
    ['a plain entry slipped in', ({ entries }) => void entries.push({ name: 'c', plain: 'mine' })],
    ['a name twice', ({ entries }) => void entries.push({ ...entries[0]! })],
    ['a head without a check', ({ protection }) => delete protection!.check],
    ['no head', (stored) => delete stored.protection],
    ['a cost that takes gigabytes', ({ protection }) => void Object.assign(protection!, { kind: 'passphrase', cost: 2 ** 30 })],
    ['plain instead of encrypted', ({ protection }) => void (protection!.kind = 'plain')],
  ])('of the form: %s', async (name, change) => {
    const error = await damaged(name, change)
    expect(error).toBeInstanceOf(StoreError)
    expect((error as StoreError).message).toContain('secrets.json')
  })

  it('a kind that a later release may add is not called damage', async () => {
    const error = await damaged('newer', ({ protection }) => void (protection!.kind = 'token'))
    expect((error as StoreError).message).toMatch(/holds something that this akctl does not know/)
  })

  it('a file that others can read is refused', async () => {
    const store = fresh('open file')
    await (await store.by(by)).set('a', new Secret('x'))
    chmodSync(store.file, 0o644)
    await expect((await store.by(by)).get('a')).rejects.toThrow(/is open to other users/)
  })
})

it('an entry opens in no other profile, nor under another name of its own', async () => {
  const home = join(place, 'moved')
  const opened = openHome({ AKCTL_HOME: home }, new OneAccess(key(5)))
  for (const name of ['one', 'two']) await opened.create(name)
  await (await opened.open('one')).secrets.set('a', new Secret('x'))
  const [one, two] = ['one', 'two'].map((name) => join(home, 'profiles', name, 'secrets.json')) as [string, string]
  renameSync(one, two)
  const other = await openHome({ AKCTL_HOME: home }, new OneAccess(key(5))).open('two')
  await expect(other.secrets.get('a')).rejects.toThrow(/was changed, or moved from another place/)
})

it('plain is stored as it is, shown as plain, and is in no way locked', async () => {
  const store = fresh('plain')
  await (await store.by({ kind: 'plain' })).set('a', new Secret('as it is'))
  expect(store.stored().entries).toEqual([{ name: 'a', plain: 'as it is' }])
  const home = openHome({ AKCTL_HOME: store.home })
  expect((await (await home.open()).secrets.get('a'))?.reveal()).toBe('as it is')
  expect((await home.list()).map(({ secrets }) => secrets)).toEqual(['plain'])
})

it('profiles list needs no unlocking and shows how secrets are protected', async () => {
  const store = fresh('list')
  const home = openHome({ AKCTL_HOME: store.home }, new OneAccess(phrase('p')))
  expect((await home.list())[0]?.secrets).toBe('none')
  await (await home.open()).secrets.set('a', new Secret('x'))
  expect((await openHome({ AKCTL_HOME: store.home }).list())[0]?.secrets).toBe('passphrase')
})

it('processes that store secrets at the same time, the first ones included, lose none', async () => {
  const store = fresh('processes')
  const script = await bundleDriver(place)
  const names = Array.from({ length: 6 }, (_, i) => `p${i}`)
  const drivers = names.map((name) => new Driver(script, store.home, ['secrets', `5:${name}`]))
  expect(await Promise.all(drivers.map((driver) => driver.end()))).toEqual(names.map(() => 0))
  expect(store.stored().entries).toHaveLength(30)
  const secrets = await store.by(key(9))
  for (const name of names) expect((await secrets.get(`${name}-4`))?.reveal()).toBe(`secret of ${name}-4`)
})
