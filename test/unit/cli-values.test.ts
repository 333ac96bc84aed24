import { fieldProblem, readFields, type TextField } from '../../src/operations/nodes/fields.ts'
import { contradictions, merged, type NodeSpec } from '../../src/operations/nodes/merge.ts'
import {
  readAddress,
  readDirectory,
  readHost,
  readJump,
  readLabel,
  readPort,
  readService,
  readUser,
} from '../../src/operations/nodes/values.ts'

describe('what is accepted, and in which form it is kept', () => {
  test.each([
    [readHost, 'MX1.Example.com', 'mx1.example.com'],
    [readHost, '[2001:DB8::1]', '2001:db8::1'],
    [readHost, 'fe80::1%eth0', 'fe80::1%eth0'],
    [readHost, '203.0.113.5', '203.0.113.5'],
    [readHost, 'under_score', 'under_score'],
    [readPort, '65535', 65535],
    [readUser, 'deploy-1', 'deploy-1'],
    [readUser, 'machine$', 'machine$'],
    [readDirectory, '/opt//akmta/', '/opt/akmta'],
    [readDirectory, '/etc/postfix', '/etc/postfix'],
    [readDirectory, '/etc/postfix-out/', '/etc/postfix-out'],
    [readDirectory, '/usr/local/akmta', '/usr/local/akmta'],
    [readDirectory, '/var/lib/akmta', '/var/lib/akmta'],
    [readDirectory, '/home/ops', '/home/ops'],
    [readDirectory, '/srv/mail@1+x/a_b.c-d', '/srv/mail@1+x/a_b.c-d'],
    [readJump, 'ops@bastion', { user: 'ops', host: 'bastion', port: 22 }],
    [readJump, 'bastion:2222', { host: 'bastion', port: 2222 }],
    [readJump, 'ops@[::1]:22', { user: 'ops', host: '::1', port: 22 }],
    [readService, 'postfix@-', 'postfix@-'],
    [readService, 'haraka.service', 'haraka.service'],
    [readAddress, '2001:DB8::5', '2001:db8::5'],
    [readLabel, 'team/role=Relay.1', { key: 'team/role', value: 'Relay.1' }],
    [readLabel, 'gone=', { key: 'gone', value: '' }],
  ] as const)('%p %s', (read, text, value) => {
    expect(read(text)).toEqual({ value })
  })
})

describe('what is refused says what is allowed', () => {
  const allowed: Readonly<Record<string, RegExp>> = {
    host: /host name .* or an IPv4 or IPv6 address/,
    port: /whole number from 1 to 65535/,
    user: /login name/,
    dir: /such as \/opt\/akmta/,
    jump: /user@host:port/,
    service: /such as postfix@-/,
    name: /1 to 63 characters/,
    key: /1 to 63 characters|\.pub is the ending/,
    access: /ssh, https, local/,
    mta: /postfix, haraka/,
  }
  test.each([
    [
      'host',
      [
        '',
        ' ',
        'a b',
        'a..b',
        '-a',
        'a-',
        '300.1.2.3',
        '1.2.3',
        'x'.repeat(254),
        'root@h',
        'h:22',
        'ü.example',
        'h;id',
        'h\nx',
        '$(id)',
      ],
    ],
    ['port', ['', '0', '65536', '-1', '22.0', '0x16', '1e3', ' 22', 'ssh']],
    ['user', ['', '-l', 'a b', 'a;b', 'root\n', 'x'.repeat(33), '1st', 'ü']],
    [
      'dir',
      [
        '',
        'opt',
        './x',
        '/opt/../etc',
        '/opt/./x',
        '/',
        '//',
        '/etc',
        '/etc/',
        '/etc/ssh',
        '/etc/postfix/sub',
        '/etc/postfixes',
        '/usr/local',
        '/usr/local/bin',
        '/usr/bin',
        '/usr/share/akmta',
        '/lib64/x',
        '/var/log',
        '/var/log/akmta',
        '/var/lib/dpkg/info',
        '/var/spool/postfix',
        '/proc/1',
        '/dev/shm',
        '/a b',
        '/a;b',
        '/a\nb',
        "/a'b",
        '~/x',
        `/${'x'.repeat(200)}`,
      ],
    ],
    ['jump', ['', '@', 'a@', 'a@b@c', 'a@b:', 'a@b:x', '::1', '-o@h']],
    ['service', ['', '-x', 'a b', 'a.socket', 'a.timer', 'a/b', 'x'.repeat(256)]],
    ['name', ['', 'A', '12', '-a', 'a b', 'mx[1]', 'x'.repeat(64)]],
    ['key', ['', 'A', 'x.pub', '../x']],
    ['access', ['', 'SSH', 'telnet']],
    ['mta', ['', 'exim', 'Postfix']],
  ] as const)('%s', (field, texts) => {
    for (const text of texts) {
      expect([text, fieldProblem(field as TextField, text)]).toEqual([text, expect.stringMatching(allowed[field]!)])
    }
  })

  test.each([
    ['address', ['', 'x', '1.2.3', '0.0.0.0', '::', '224.0.0.1', '255.255.255.255', 'ff02::1', 'fe80::1%eth0', '1.2.3.4/24']],
    [
      'label',
      ['', 'x', '=y', 'a b=c', 'a=b c', 'a=b,c', 'a=b=c', '!a=b', '__proto__=x', `${'k'.repeat(64)}=v`, `k=${'v'.repeat(64)}`],
    ],
  ] as const)('%s', (field, texts) => {
    for (const text of texts) {
      const { problems, fields } = readFields({ [field]: [text] })
      expect([text, problems]).toEqual([text, [{ field, text: expect.stringContaining(`"${text}" is no`) as string }]])
      expect(fields).toEqual({})
    }
  })

  test('several bad values of one flag are all named, and so are those of others', () => {
    const { problems } = readFields({ address: ['x', '127.0.0.1', 'y'], port: '0', label: ['a'] })
    expect(problems.map(({ field }) => field).sort()).toEqual(['address', 'label', 'port'])
    expect(problems.find(({ field }) => field === 'address')?.text).toMatch(/"x".*"y"/)
  })
})

describe('fields together', () => {
  const spec: NodeSpec = {
    name: 'mx1',
    host: 'h',
    directory: '/opt/a',
    access: 'ssh',
    mta: 'postfix',
    sudo: false,
    addresses: [],
    labels: { a: '1', b: '2' },
  }

  test('what was not named stays, and the record before is left alone', () => {
    const before = structuredClone(spec)
    expect(merged(spec, { port: 2222, labels: { a: '', c: '3' } })).toEqual({ ...spec, port: 2222, labels: { b: '2', c: '3' } })
    expect(spec).toEqual(before)
  })

  test('a jump host keeps its key when only its place changes, and its place when only the key does', () => {
    const first = merged({ ...spec, user: 'u', key: 'k' }, { jump: { host: 'j', port: 22 } })
    expect(first.jump).toEqual({ user: 'u', host: 'j', port: 22, key: 'k' })
    const moved = merged({ ...first, jump: { ...first.jump!, key: 'special' } }, { jump: { user: 'v', host: 'j2', port: 23 } })
    expect(moved.jump).toEqual({ user: 'v', host: 'j2', port: 23, key: 'special' })
    expect(merged(moved, { jumpKey: 'agent' }).jump).toEqual({ user: 'v', host: 'j2', port: 23, key: 'agent' })
  })

  test.each([
    [
      { access: 'local', user: 'u', key: 'k', port: 22, jump: { user: 'u', host: 'j', port: 1, key: 'k' } },
      ['port', 'user', 'key', 'jump'],
    ],
    [{ access: 'https', user: 'u', key: 'k', port: 4433, sudo: true }, ['user', 'key', 'sudo']],
    [{ access: 'local', sudo: true }, []],
    [{ mta: 'haraka', directory: '/etc/postfix' }, ['dir']],
    [{ mta: 'haraka', directory: '/etc/postfix-out' }, ['dir']],
    [{ mta: 'postfix', directory: '/etc/postfix' }, []],
  ] as const)('%j can not be: %j', (change, fields) => {
    expect(contradictions({ ...spec, ...change }, {}).map(({ field }) => field)).toEqual(fields)
  })

  test('a jump key without a jump host is named', () => {
    expect(contradictions(spec, { jumpKey: 'k' })).toMatchObject([{ field: 'jump-key' }])
  })
})
