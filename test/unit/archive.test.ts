import { X509Certificate, createPrivateKey } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeRecord } from '../../src/node/record.ts'
import { Secret } from '../../src/node/secret.ts'
import type { TrustRecord } from '../../src/node/trust.ts'
import { agentFiles } from '../../src/operations/archive/agent-files.ts'
import { makeIdentity } from '../../src/operations/archive/certificate.ts'
import {
  checkAgentListen,
  defaultAgentListen,
  identityFiles,
  listenWarnings,
  nodeJson,
} from '../../src/operations/archive/conf.ts'
import { NewFile } from '../../src/operations/files/new-file.ts'
import { applyNextState, checkNextState } from '../../src/operations/archive/next-state.ts'
import { FailedError, UsageError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { tempDir } from '../support/temp.ts'

const place = tempDir()
const node: NodeRecord = {
  ...{ id: 3, name: 'mx1', host: '203.0.113.5', directory: '/opt/akmta', access: 'https', mta: 'haraka', sudo: false },
  ...{ addresses: [], labels: {}, settings: {}, createdAt: '2026-01-01T00:00:00Z' },
}

describe('the certificate', () => {
  const now = new Date('2026-11-24T12:00:00Z')

  it.each([
    ['mx1.example.com', 'DNS:mx1.example.com'],
    ['203.0.113.5', 'IP Address:203.0.113.5'],
    ['2001:db8::5', 'IP Address:2001:DB8:0:0:0:0:0:5'],
    ['fe80::1%eth0', 'IP Address:FE80:0:0:0:0:0:0:1'],
    ['b\u00fccher.example', 'DNS:xn--bcher-kva.example'],
  ])('is for %s, for ten years from yesterday on, and signs nothing else', async (host, names) => {
    const { certificate, key } = await makeIdentity(host, 'mx1', now)
    const read = new X509Certificate(certificate)
    expect(read.subjectAltName).toBe(names)
    expect(read.subject).toBe('CN=mx1')
    expect(new Date(read.validFrom).toISOString()).toBe('2026-11-23T12:00:00.000Z')
    expect(new Date(read.validTo).toISOString()).toBe('2036-11-24T12:00:00.000Z')
    expect(read.ca).toBe(false)
    expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1'])
    expect(read.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
    expect(read.verify(read.publicKey)).toBe(true)
    expect(read.checkPrivateKey(createPrivateKey(key.reveal()))).toBe(true)
  })

  it('is another one each time, and its key prints as a mark', async () => {
    const [one, two] = [await makeIdentity('a', 'a', now), await makeIdentity('a', 'a', now)]
    expect(one.certificate).not.toBe(two.certificate)
    expect(JSON.stringify(one)).not.toContain('PRIVATE')
    expect(identityFiles(one).map(({ path, mode }) => [path, mode])).toEqual([
      ['conf/server.crt', 0o644],
      ['conf/server.key', 0o600],
    ])
  })
})

describe('node.json', () => {
  const fields = (record: NodeRecord, digests = ['aa']): unknown =>
    JSON.parse(nodeJson(record, '0.0.0.0:4433', digests).content as string)

  it('has relative paths, and of keys only digests', () => {
    expect(fields(node)).toEqual({
      ...{ LISTEN: '0.0.0.0:4433', CERT_PATH: 'server.crt', KEYFILE_PATH: 'server.key', APIKEY: 'sha256:aa' },
      ...{ PID_FILE: '../run/agent.pid', LOG_FILE: '../log/agent.log', BASEDIR: '.', MTA: 'haraka' },
    })
    expect(fields(node, ['aa', 'bb'])).toMatchObject({ APIKEY: 'sha256:aa,sha256:bb' })
  })

  it("names the unit of a service, and the directory of the system's own Postfix", () => {
    const system: NodeRecord = { ...node, mta: 'postfix', directory: '/etc/postfix', service: 'postfix@-.service' }
    expect(fields(system)).toMatchObject({ BASEDIR: '/etc/postfix', MTA: 'postfix', SERVICE: 'postfix@-.service' })
    expect(fields({ ...system, directory: '/opt/mx' })).toMatchObject({ BASEDIR: '.' })
  })
})

describe('where the agent listens', () => {
  it.each([
    ['203.0.113.5', undefined, '203.0.113.5:4433'],
    ['2001:db8::5', 5000, '[2001:db8::5]:5000'],
    ['mx1.example.com', undefined, '0.0.0.0:4433'],
  ])('by default for %s', (host, port, listen) => {
    expect(defaultAgentListen({ ...node, host, ...(port === undefined ? {} : { port }) })).toBe(listen)
  })

  it.each(['203.0.113.5:4433', '0.0.0.0:1', '[2001:db8::5]:65535', '[::]:4433'])('%s is a place', (text) => {
    expect(() => checkAgentListen(text)).not.toThrow()
  })

  it.each(['4433', 'mx1:4433', '203.0.113.5', '203.0.113.5:0', '203.0.113.5:65536', '[1.2.3.4]:1', '::1:443', '[::1]'])(
    '%s is none',
    (text) => {
      expect(() => checkAgentListen(text)).toThrow(UsageError)
    },
  )

  it.each([
    ['203.0.113.5', '127.0.0.1:4433', 1],
    ['mx1.example.com', '[::1]:4433', 1],
    ['127.0.0.1', '127.0.0.1:4433', 0],
    ['localhost', '127.0.0.1:4433', 0],
    ['203.0.113.5', '0.0.0.0:4433', 0],
    ['203.0.113.5', '203.0.113.5:5000', 1],
    ['203.0.113.5', '127.0.0.1:5000', 2],
  ])('a node %s whose agent listens on %s gives %d warnings', (host, listen, count) => {
    expect(listenWarnings({ ...node, host }, listen)).toHaveLength(count)
  })
})

describe('the file', () => {
  it('is there once it is whole, for its owner alone', async () => {
    const path = join(place, 'made.tar.gz')
    const file = await NewFile.open(path, false)
    await file.append(Buffer.from('one '))
    writeFileSync(join(place, 'part'), 'two')
    await file.appendFile(join(place, 'part'), new AbortController().signal)
    expect(existsSync(path)).toBe(false)
    expect(await file.finish()).toBe(7)
    await file.commit()
    await file.discard()
    expect(readFileSync(path, 'utf8')).toBe('one two')
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('given up leaves nothing, and what was there stays', async () => {
    const folder = join(place, 'given-up')
    mkdirSync(folder)
    writeFileSync(join(folder, 'a'), 'old')
    const file = await NewFile.open(join(folder, 'a'), true)
    await file.append(Buffer.from('new'))
    await file.discard()
    expect(readdirSync(folder)).toEqual(['a'])
    expect(readFileSync(join(folder, 'a'), 'utf8')).toBe('old')
  })

  it('is refused where something is, or nothing can be', async () => {
    const there = join(place, 'there')
    writeFileSync(there, '')
    symlinkSync(there, join(place, 'link'))
    await expect(NewFile.open(there, false)).rejects.toThrow(/is there already/)
    await expect(NewFile.open(place, true)).rejects.toThrow(/not a regular file/)
    await expect(NewFile.open(join(place, 'link'), true)).rejects.toThrow(/not a regular file/)
    await expect(NewFile.open(join(place, 'no/such/file'), false)).rejects.toThrow(/--out: cannot write to/)
  })
})

describe('what becomes of the profile', () => {
  const record = (letter: string, source = 'archive'): TrustRecord => ({
    ...{ endpoint: '203.0.113.5:4433', kind: 'tls', fingerprint: `SHA256:${letter.repeat(43)}`, added: '2026', by: 'me' },
    source,
  })
  const plain = { choose: () => Promise.resolve({ kind: 'plain' as const }) }
  const open = (name: string): Promise<Profile> => openHome({ AKCTL_HOME: join(place, name) }, plain as never).open()
  const state = async ({ secrets, trust }: Profile): Promise<unknown> => ({
    a: (await secrets.get('a'))?.reveal(),
    b: (await secrets.get('b'))?.reveal(),
    trust: (await trust.list()).map(({ fingerprint }) => fingerprint[7]).join(''),
  })

  it('is all of it, and can be taken back', async () => {
    const profile = await open('applied')
    await profile.secrets.set('a', new Secret('old'))
    await profile.trust.add([record('x'), { ...record('s'), kind: 'ssh' }])
    const before = await state(profile)
    const next = {
      secrets: [
        ['a', undefined],
        ['b', new Secret('new')],
      ] as const,
      certificates: [record('y')],
    }
    const undo = await applyNextState(profile, node, next)
    expect(await state(profile)).toEqual({ a: undefined, b: 'new', trust: 'sy' })
    await undo()
    expect(await state(profile)).toEqual({ ...(before as object), trust: 'sx' })
  })

  it('is nothing when a part of it fails', async () => {
    const profile = await open('failing')
    await profile.secrets.set('a', new Secret('old'))
    const trust = { ...profile.trust, list: () => profile.trust.list(), add: () => Promise.reject(new Error('disk full')) }
    const broken = new Proxy(profile, {
      get: (target, name) => (name === 'trust' ? trust : (Reflect.get(target, name) as unknown)),
    })
    const next = { secrets: [['a', new Secret('new')]] as const, certificates: [record('y')] }
    await expect(applyNextState(broken, node, next)).rejects.toThrow('disk full')
    expect(await state(profile)).toEqual({ a: 'old', b: undefined, trust: '' })
  })

  it('a third certificate is refused before anything is done, and the others are named', () => {
    const next = { secrets: [], certificates: [record('x', 'prompt'), record('y'), record('z')] }
    expect(() => checkNextState(node, next)).toThrow(/203\.0\.113\.5:4433 has 2 accepted certificates already/)
    expect(() => checkNextState(node, { ...next, certificates: next.certificates.slice(1) })).not.toThrow()
  })
})

it('a copy of akctl without its agent says what to do', async () => {
  const error: unknown = await agentFiles(join(place, 'nowhere')).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(FailedError)
  expect((error as FailedError).hints.join()).toMatch(/npm run build/)
})
