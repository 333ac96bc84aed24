import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fingerprintOf, keyTypeOf, knownIdentities, parseKnownHosts } from '../../src/connection/ssh/known-hosts.ts'
import { makeKey, type KeyPair } from '../support/sshd.ts'
import { tempDir } from '../support/temp.ts'

describe('known_hosts files', () => {
  const directory = tempDir()
  let ed25519: KeyPair
  let rsa: KeyPair

  beforeAll(() => {
    ed25519 = makeKey(join(directory, 'ed25519'))
    rsa = makeKey(join(directory, 'rsa'), { type: 'rsa' })
  })

  /** A line as ssh writes it: names, type, key. */
  function line(names: string, key = ed25519, marker = ''): string {
    const [type, base64] = key.publicLine.split(' ')
    return [marker, names, type, base64].filter(Boolean).join(' ')
  }

  function found(text: string, host: string, port = 22): string[] {
    return knownIdentities(parseKnownHosts(text), host, port).map(({ fingerprint }) => fingerprint)
  }

  test('a line gives type and fingerprint as ssh-keygen prints them', () => {
    const [entry] = parseKnownHosts(`\n# a comment\n${line('mx1.example.com,203.0.113.5')} root@mx1\n`).hosts
    expect(entry).toMatchObject({ line: 3, type: 'ssh-ed25519', fingerprint: ed25519.fingerprint, revoked: false })
    expect(entry?.fingerprint).toMatch(/^SHA256:[A-Za-z0-9+/]{43}$/)
  })

  test.each([
    ['mx1.example.com', 'mx1.example.com', 22, true],
    ['mx1.example.com', 'MX1.Example.COM', 22, true],
    ['MX1.example.com', 'mx1.example.com', 22, true],
    ['mx1.example.com', 'mx1.example.com', 2222, false],
    ['[mx1.example.com]:2222', 'mx1.example.com', 2222, true],
    ['[mx1.example.com]:2222', 'mx1.example.com', 22, false],
    ['a,b,203.0.113.5', '203.0.113.5', 22, true],
    ['2001:db8::1', '2001:db8::1', 22, true],
    ['[2001:db8::1]:2222', '2001:db8::1', 2222, true],
    ['*.example.com', 'mx1.example.com', 22, true],
    ['*.example.com', 'example.com', 22, false],
    ['*.example.com', 'mx1.example.com.evil.net', 22, false],
    ['mx?.example.com', 'mx1.example.com', 22, true],
    ['mx?.example.com', 'mx10.example.com', 22, false],
    ['*.example.com,!mx1.example.com', 'mx1.example.com', 22, false],
    ['*.example.com,!mx1.example.com', 'mx2.example.com', 22, true],
    ['!mx1.example.com', 'mx2.example.com', 22, false],
    ['mx1xexample.com', 'mx1.example.com', 22, false],
    ['mx1.example.com', 'mx1xexample.com', 22, false],
    ['[*]:2222', 'mx1', 2222, true],
  ])('names "%s" and the endpoint %s port %i: %s', (names, host, port, expected) => {
    expect(found(line(names), host, port)).toEqual(expected ? [ed25519.fingerprint] : [])
  })

  test.each([
    ['mx1.example.com', 22],
    ['mx1.example.com', 2222],
    ['203.0.113.5', 22],
    ['2001:db8::1', 2200],
  ])('names hashed by ssh-keygen -H: %s port %i', (host, port) => {
    const file = join(directory, `hashed-${host}-${port}`)
    writeFileSync(file, `${line(port === 22 ? host : `[${host}]:${port}`)}\n`)
    execFileSync('ssh-keygen', ['-H', '-f', file], { stdio: 'ignore' })
    const text = readFileSync(file, 'utf8')
    expect(text).toMatch(/^\|1\|/)
    expect(found(text, host, port)).toEqual([ed25519.fingerprint])
    expect(found(text, host, port + 1)).toEqual([])
    expect(found(text, `x${host}`, port)).toEqual([])
  })

  test('several keys of an endpoint, each once', () => {
    const text = [line('mx1'), line('mx1', rsa), line('other,mx1'), line('*')].join('\r\n')
    expect(found(text, 'mx1')).toEqual([ed25519.fingerprint, rsa.fingerprint])
  })

  test('a revoked key is not accepted, whatever other lines say and in whatever order', () => {
    const revoked = line('*', ed25519, '@revoked')
    expect(found([revoked, line('mx1'), line('mx1', rsa)].join('\n'), 'mx1')).toEqual([rsa.fingerprint])
    expect(found([line('mx1'), revoked].join('\n'), 'mx1')).toEqual([])
    expect(parseKnownHosts(revoked).hosts[0]?.revoked).toBe(true)
  })

  test('what is not read is named with its line: authorities, unknown markers, SSH version 1, damage', () => {
    const [type, base64] = ed25519.publicLine.split(' ') as [string, string]
    const text = [
      line('*.example.com', ed25519, '@cert-authority'),
      line('mx1', ed25519, '@whatever'),
      'mx1 2048 65537 1234567890',
      `mx1 ${type} ${base64.slice(0, 8)}`,
      `mx1 ssh-rsa ${base64}`,
      'mx1',
      'mx1 ssh-ed25519 !!!',
    ].join('\n')
    const { hosts, skipped } = parseKnownHosts(text)
    expect(hosts).toEqual([])
    expect(skipped.map(({ line: number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(skipped[0]?.why).toContain('certificate authority')
    expect(skipped[1]?.why).toContain('@whatever')
    expect(skipped[4]?.why).toContain('not of the type ssh-rsa')
  })

  test('hashed names that are damaged match nothing', () => {
    for (const names of ['|1|', '|1|x', '|2|abcd|efgh', '|1|####|####']) expect(found(line(names), 'mx1')).toEqual([])
  })

  test('bytes that are no key have no type', () => {
    for (const bytes of [[], [0, 0, 0], [0, 0, 0, 4], [255, 255, 255, 255, 65], [0, 0, 0, 2, 10, 13]]) {
      expect(keyTypeOf(Uint8Array.from(bytes))).toBeUndefined()
    }
    expect(fingerprintOf(new Uint8Array())).toBe('SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU')
  })
})
