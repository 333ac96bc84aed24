import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Secret } from '../../src/node/secret.ts'
import { LockedError, StoreError, UnauthorizedError, UsageError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { SecretStore } from '../../src/profile/profile.ts'
import type { Unlocking } from '../../src/profile/secret-access.ts'
import { OneAccess } from '../support/secret-access.ts'
import { tempDir } from '../support/temp.ts'

const place = tempDir()
const ENTRY = Buffer.alloc(16, 4).toString('base64')
const KINDS: Readonly<Record<Unlocking['kind'], Unlocking>> = {
  passphrase: { kind: 'passphrase', passphrase: new Secret('correct horse') },
  'key-file': { kind: 'key-file', key: Buffer.alloc(32, 7) },
  keyring: { kind: 'keyring', entry: ENTRY, key: Buffer.alloc(32, 8) },
  plain: { kind: 'plain' },
}
const PAIRS = Object.values(KINDS).flatMap((from) => Object.values(KINDS).map((to) => [from.kind, to.kind] as const))

/** A home of its own with two secrets. */
async function fresh(name: string, by: Unlocking) {
  const home = join(place, name)
  const access = new OneAccess(by)
  const open = async (other: OneAccess): Promise<SecretStore> => (await openHome({ AKCTL_HOME: home }, other).open()).secrets
  const secrets = await open(access)
  await secrets.set('a', new Secret('value-of-a'))
  await secrets.set('b', new Secret('value-of-b'))
  const content = (end = ''): string => readFileSync(join(home, `profiles/default/secrets.json${end}`), 'utf8')
  return { access, secrets, content, by: (other: Unlocking) => open(new OneAccess(other)) }
}

test.each(PAIRS)('from %s to %s: all is there under the new one, nothing under the old one', async (from, to) => {
  const store = await fresh(`${from} ${to}`, KINDS[from])
  const before = store.content()
  await store.secrets.protect(() => Promise.resolve(KINDS[to]))
  expect((await store.secrets.get('a'))?.reveal()).toBe('value-of-a') // the one who did it goes on
  const again = await store.by(KINDS[to])
  expect(await Promise.all(['a', 'b'].map(async (name) => (await again.get(name))?.reveal()))).toEqual([
    'value-of-a',
    'value-of-b',
  ])
  expect(store.content().includes('value-of')).toBe(to === 'plain')
  expect(store.content('.bak')).toBe(store.content())
  expect(store.content() === before).toBe(from === 'plain' && to === 'plain')
  // Where it was given the same entry again it is still in use.
  expect(store.access.dropped).toEqual(from === 'keyring' && to !== 'keyring' ? [ENTRY] : [])
})

test('another key of the same kind: the old one opens nothing', async () => {
  const store = await fresh('rotated', KINDS['key-file'])
  const next: Unlocking = { kind: 'key-file', key: Buffer.alloc(32, 9) }
  await store.secrets.protect(() => Promise.resolve(next))
  await expect((await store.by(KINDS['key-file'])).get('a')).rejects.toThrow(UnauthorizedError)
  expect((await (await store.by(next)).get('a'))?.reveal()).toBe('value-of-a')
})

test('what does not unlock changes nothing, and no new key is asked for', async () => {
  const store = await fresh('wrong', KINDS['key-file'])
  const before = store.content()
  const wrong = await store.by({ kind: 'key-file', key: Buffer.alloc(32, 1) })
  const choose = jest.fn(() => Promise.resolve(KINDS.plain))
  await expect(wrong.protect(choose)).rejects.toThrow(/the key file does not unlock/)
  await expect((await store.by(KINDS.keyring)).protect(choose)).rejects.toThrow(/no key file/)
  expect(choose).not.toHaveBeenCalled()
  await expect(store.secrets.protect(() => Promise.reject(new UsageError('nobody says')))).rejects.toThrow(/nobody says/)
  expect(store.content()).toBe(before)
})

test('without secrets there is nothing to protect', async () => {
  const { secrets } = await openHome({ AKCTL_HOME: join(place, 'none') }, new OneAccess(KINDS.plain)).open()
  await expect(secrets.protect(() => Promise.resolve(KINDS.plain))).rejects.toThrow(/has no secrets yet/)
  await secrets.unlock()
})

test('a damaged entry is not lost by it: nothing is written', async () => {
  const store = await fresh('damaged', KINDS['key-file'])
  const other = await fresh('damaged-other', KINDS['key-file'])
  await other.secrets.protect(() => Promise.resolve(KINDS['key-file']))
  // The entries of one store under the head of another.
  const { protection } = JSON.parse(other.content()) as { protection: object }
  const mixed = JSON.stringify({ ...(JSON.parse(store.content()) as object), protection })
  writeFileSync(join(place, 'damaged/profiles/default/secrets.json'), mixed)
  const error: unknown = await (
    await store.by(KINDS['key-file'])
  )
    .protect(() => Promise.resolve(KINDS.plain))
    .catch((e: unknown) => e)
  expect(error).toBeInstanceOf(StoreError)
  expect(store.content()).toBe(mixed)
})

test('where another process was first it is refused, and a secret stored meanwhile is not lost', async () => {
  const store = await fresh('race', KINDS['key-file'])
  const late = store.secrets.protect(async () => {
    const first = await store.by(KINDS['key-file'])
    await first.set('c', new Secret('stored meanwhile'))
    await first.protect(() => Promise.resolve(KINDS.passphrase))
    return KINDS.plain
  })
  await expect(late).rejects.toThrow(LockedError)
  expect((await (await store.by(KINDS.passphrase)).get('c'))?.reveal()).toBe('stored meanwhile')
  const kept = await store.by(KINDS.passphrase)
  await kept.protect(async () => {
    await (await store.by(KINDS.passphrase)).set('d', new Secret('as well'))
    return KINDS['key-file']
  })
  expect((await (await store.by(KINDS['key-file'])).get('d'))?.reveal()).toBe('as well')
})

test('with the last secret its key goes from the keyring; not before', async () => {
  const { secrets, access } = await fresh('last', KINDS.keyring)
  await secrets.delete('a')
  expect(access.dropped).toEqual([])
  await secrets.delete('b')
  expect(access.dropped).toEqual([ENTRY])
})

test('unlock asks once, and says what is wrong before anything is read', async () => {
  const store = await fresh('unlock', KINDS['key-file'])
  const access = new OneAccess(KINDS['key-file'])
  const { secrets } = await openHome({ AKCTL_HOME: join(place, 'unlock') }, access).open()
  await secrets.unlock()
  await secrets.get('a')
  expect(access.asked).toBe(1)
  await expect((await store.by(KINDS.plain)).unlock()).rejects.toThrow(/no key file/)
})
