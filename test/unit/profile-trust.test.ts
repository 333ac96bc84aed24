import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TrustRecord } from '../../src/node/trust.ts'
import { StoreError, UsageError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { tempDir } from '../support/temp.ts'

const root = tempDir()
const count = { n: 0 }

const fresh = (): Promise<Profile> => openHome({ AKCTL_HOME: join(root, `h${count.n++}`) }).open()

function record(endpoint: string, letter: string, more: Partial<TrustRecord> = {}): TrustRecord {
  const fingerprint = `SHA256:${letter.repeat(43)}`
  return { endpoint, kind: 'ssh', fingerprint, added: '2026-01-01T00:00:00Z', by: 'me@here', source: 'flag', ...more }
}

test('records are added in order, and given back as they are', async () => {
  const profile = await fresh()
  const records = [
    record('a:22', 'A', { type: 'ssh-ed25519' }),
    record('[2001:db8::1]:22', 'B'),
    record('a:4433', 'C', { kind: 'tls' }),
  ]
  expect(await profile.trust.add(records)).toBe(3)
  expect(await profile.trust.list()).toEqual(records)
  const again = await openHome({ AKCTL_HOME: join(profile.directory, '../..') }).open()
  expect(await again.trust.list()).toEqual(records)
})

test('one that is there already is left alone and not counted', async () => {
  const { trust } = await fresh()
  await trust.add([record('a:22', 'A')])
  expect(await trust.add([record('a:22', 'A', { by: 'somebody@else' }), record('a:22', 'B'), record('a:22', 'B')])).toBe(1)
  expect((await trust.list()).map(({ fingerprint, by }) => [fingerprint[7], by])).toEqual([
    ['A', 'me@here'],
    ['B', 'me@here'],
  ])
})

test('a third identity of an endpoint and kind is refused, names those there are, and nothing is added', async () => {
  const { trust } = await fresh()
  await trust.add([record('a:22', 'A'), record('a:22', 'B'), record('a:22', 'T', { kind: 'tls' })])
  const refusal = trust.add([record('b:22', 'X'), record('a:22', 'C')])
  await expect(refusal).rejects.toThrow(UsageError)
  await expect(refusal).rejects.toMatchObject({
    message: 'a:22 has 2 accepted ssh identities already, which is the most',
    hints: ['A', 'B'].map((letter) => expect.stringMatching(`remove .*--fingerprint SHA256:${letter.repeat(43)}`) as string),
  })
  expect(await trust.list()).toHaveLength(3)
  expect(await trust.add([record('a:22', 'U', { kind: 'tls' }), record('b:22', 'A')])).toBe(2)
})

test('what is removed is told: one identity, or all of an endpoint', async () => {
  const { trust } = await fresh()
  const [a, b, other] = [record('a:22', 'A'), record('a:22', 'B'), record('a:2222', 'A')]
  await trust.add([a, b, other])
  expect(await trust.remove('a:22', b.fingerprint)).toEqual([b])
  expect(await trust.remove('a:22', b.fingerprint)).toEqual([])
  expect(await trust.remove('a:22')).toEqual([a])
  expect(await trust.list()).toEqual([other])
})

test('a damaged trust.json stops with the remedy: nobody is trusted, and nothing forgotten', async () => {
  const profile = await fresh()
  await profile.trust.add([record('a:22', 'A')])
  const file = join(profile.directory, 'trust.json')
  const good = readFileSync(file, 'utf8')
  for (const bad of ['', good.slice(0, -9), good.replace('SHA256:', 'MD5:'), good.replace('"ssh"', '7')]) {
    writeFileSync(file, bad)
    await expect(profile.trust.list()).rejects.toThrow(StoreError)
    await expect(profile.trust.add([record('b:22', 'B')])).rejects.toThrow('trust.json is damaged')
    expect(readFileSync(file, 'utf8')).toBe(bad)
  }
  writeFileSync(file, good.replace('"by"', '"how": 1, "by"'))
  await expect(profile.trust.list()).rejects.toThrow('does not know: records.0.how')
})

test('a fingerprint that is none is never stored', async () => {
  const { trust } = await fresh()
  await expect(trust.add([record('a:22', 'A', { fingerprint: 'SHA256:short' })])).rejects.toThrow(
    'trust.json would not be readable',
  )
  expect(await trust.list()).toEqual([])
})
