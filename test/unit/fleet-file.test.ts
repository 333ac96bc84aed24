import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import type { FleetFile } from '../../src/operations/fleet/check.ts'
import { FILE_LIMIT, FleetSource, textOf } from '../../src/operations/fleet/read.ts'
import { UsageError } from '../../src/outcome/errors.ts'
import { read as readDocument } from '../support/documents.ts'
import { tempDir } from '../support/temp.ts'

const WHOLE = `version: 1
defaults:
  esmtp-connection-timeout: 30s
groups:
  eu: mx[01-40]!mx07
nodes:
  mx1:
    host: MX1.example.com
    port: 2222
    dir: /opt/akmta/
    user: deploy
    key: fleet
    sudo: yes
    jump: ops@bastion
    jump-key: door
    mta: haraka
    service: haraka.service
    addresses: [203.0.113.5, 203.0.113.5]
    labels:
      role: relay
      rev: 1.10
    settings:
      mta-observer: on
      spool-readers: 4
      smtp-listen-only-interfaces: [203.0.113.5, 203.0.113.6]
  here:
    dir: /srv/mx
    access: local
    labels:
`

async function fileOf(text: string): Promise<FleetFile> {
  return (await FleetSource.parse('fleet.yaml', text)).file
}

/** The lines of the error that refuses a text. */
async function refusal(text: string): Promise<readonly string[]> {
  const error: unknown = await FleetSource.parse('fleet.yaml', text).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(UsageError)
  return (error as UsageError).message.split('\n')
}

const node = (fields: string): string => `version: 1\nnodes:\n  mx1:\n    host: h\n    dir: /opt/a\n${fields}`

test('a whole file is read in the forms that the command line takes', async () => {
  const { defaults, groups, nodes } = await fileOf(WHOLE)
  expect(defaults).toEqual({ 'esmtp-connection-timeout': 30 })
  expect(groups).toEqual([{ name: 'eu', nodes: 'mx[01-40]!mx07' }])
  expect(nodes).toEqual([
    {
      spec: {
        ...{
          name: 'mx1',
          host: 'mx1.example.com',
          port: 2222,
          directory: '/opt/akmta',
          access: 'ssh',
          user: 'deploy',
          key: 'fleet',
        },
        ...{
          sudo: true,
          jump: { user: 'ops', host: 'bastion', port: 22, key: 'door' },
          mta: 'haraka',
          service: 'haraka.service',
        },
        ...{ addresses: ['203.0.113.5'], labels: { role: 'relay', rev: '1.10' } },
      },
      settings: {
        'mta-observer': true,
        'spool-readers': 4,
        'smtp-listen-only-interfaces': ['203.0.113.5', '203.0.113.6'],
      },
    },
    {
      spec: {
        ...{ name: 'here', host: 'localhost', directory: '/srv/mx', access: 'local', mta: 'postfix', sudo: false },
        ...{ addresses: [], labels: {} },
      },
      settings: {},
    },
  ])
})

test('a section that is not there is told from an empty one', async () => {
  expect(await fileOf('version: 1\n')).toEqual({})
  expect(await fileOf('version: 1\ndefaults: {}\ngroups:\nnodes: {}\n')).toEqual({ defaults: {}, groups: [], nodes: [] })
})

test('anchors and merge keys are resolved', async () => {
  const text = `version: 1
nodes:
  mx1: &usual
    host: h1
    dir: /opt/a
    settings: &slow { esmtp-connection-timeout: 2m }
  mx2:
    <<: *usual
    host: h2
  mx3: { host: h3, dir: /opt/a, settings: *slow }
`
  const { nodes = [] } = await fileOf(text)
  expect(nodes.map(({ spec, settings }) => [spec.host, spec.directory, settings['esmtp-connection-timeout']])).toEqual([
    ['h1', '/opt/a', 120],
    ['h2', '/opt/a', 120],
    ['h3', '/opt/a', 120],
  ])
})

test('all errors of a file come at once, each with its place and what is allowed', async () => {
  const text = `version: 2
default: {}
defaults:
  dns-lookup-timeout: 99h
  esmtp-conection-timeout: 30s
groups:
  EU: mx1
  none: []
  half: mx[1-
  file: "@file:x"
nodes:
  mx1:
    host: a:22
    dir: /etc
    sudo: maybe
    adresses: [1]
    addresses: [x]
    access: telnet
    labels:
      a: {}
  mx2:
    dir: /opt/a
    access: https
    host: h
    user: root
  MX3: { dir: /opt/b, host: h }
  mx4: hello
`
  expect(await refusal(text)).toEqual([
    'fleet.yaml:1:10: version: "2" is no version that this akctl knows: give 1',
    'fleet.yaml:2:1: default: there is no field "default": did you mean defaults?',
    expect.stringMatching(/^fleet.yaml:4:23: defaults.dns-lookup-timeout: "99h" is not allowed: give a duration from 1s to 30s/),
    'fleet.yaml:5:3: defaults.esmtp-conection-timeout: there is no setting "esmtp-conection-timeout": did you mean esmtp-connection-timeout?',
    expect.stringMatching(/^fleet.yaml:7:3: groups.EU: "EU" is no name for a group/),
    expect.stringMatching(/^fleet.yaml:8:9: groups.none: not a set of nodes/),
    "fleet.yaml:9:9: groups.half: 'mx[1-' is no set of nodes: '[' without a ']' after it (character 3)",
    'fleet.yaml:10:9: groups.file: a group holds nodes and groups, no files',
    expect.stringMatching(/^fleet.yaml:13:11: nodes.mx1.host: "a:22" has a port in it/),
    expect.stringMatching(/^fleet.yaml:14:10: nodes.mx1.dir: "\/etc" belongs to the system/),
    'fleet.yaml:15:11: nodes.mx1.sudo: give true or false',
    'fleet.yaml:16:5: nodes.mx1.adresses: there is no field "adresses": did you mean addresses?',
    expect.stringMatching(/^fleet.yaml:17:16: nodes.mx1.addresses: "x" is no address/),
    'fleet.yaml:18:13: nodes.mx1.access: "telnet" is not known: give one of ssh, https, local',
    'fleet.yaml:20:10: nodes.mx1.labels.a: a label has a value: give letters, digits and . _ / -',
    'fleet.yaml:25:11: nodes.mx2.user: not for access https (an agent knows no SSH login)',
    expect.stringMatching(/^fleet.yaml:26:3: nodes.MX3: "MX3" is no name for a node/),
    'fleet.yaml:27:8: nodes.mx4: not a node: give a mapping, at least of host and dir',
  ])
})

test('of very many errors the first twenty are shown', async () => {
  const lines = await refusal(`version: 1\nnodes:\n${Array.from({ length: 60 }, (_, index) => `  mx${index}: x\n`).join('')}`)
  expect([lines.length, lines.at(-1)]).toEqual([21, 'and 40 more'])
})

test.each<[string, string, string]>([
  ['an empty file', '', '1:1: a fleet file is a mapping of version, defaults, groups, nodes'],
  ['a list', '- a\n', '1:1: a fleet file is a mapping of version, defaults, groups, nodes'],
  ['no version', 'nodes: {}\n', '1:1: there is no version: give version: 1 as the first line'],
  [
    'a node without host and dir',
    'version: 1\nnodes:\n  mx1: {}\n',
    '3:3: nodes.mx1: dir is missing: the installation directory on the node',
  ],
  ['a mapping for a text', node('    key: { a: b }\n'), '6:10: nodes.mx1.key: give one text'],
  ['nothing for a text', node('    key:\n'), '6:5: nodes.mx1.key: no value given: give one, or leave the field out'],
  ['a text for a list', node('    addresses: 203.0.113.5\n'), '6:16: nodes.mx1.addresses: not a list: give [a, b]'],
  [
    'a text for a mapping',
    node('    settings: on\n'),
    '6:15: nodes.mx1.settings: not a mapping: give key: value, one a line, indented',
  ],
  [
    "a page's label",
    node('    settings:\n      Enable profiling: on\n'),
    '7:7: nodes.mx1.settings.Enable profiling: there is no setting "Enable profiling" in a file: write profiling',
  ],
  ['a key twice', node('  mx1:\n    host: h\n'), '6:3: the key "mx1" is here twice'],
])('%s is refused', async (_, text, words) => {
  expect((await refusal(text))[0]).toBe(`fleet.yaml:${words}`)
})

describe('secrets', () => {
  test.each([
    ['a PEM block', '|\n      -----BEGIN OPENSSH PRIVATE KEY-----\n      hidden-hidden\n'],
    ['the base64 of an OpenSSH key', 'b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAhidden\n'],
    ['one behind escapes', '"\\x2d----BEGIN RSA PRIVATE KEY hidden"\n'],
  ])('%s is refused, and is in no message', async (_, value) => {
    const lines = await refusal(node(`    key: ${value}    port: x\n`))
    expect(lines).toEqual([
      expect.stringMatching(/^fleet.yaml:6:10: nodes.mx1.key: a private key: no secret belongs in a fleet file: .*akctl keys/),
    ])
    expect(lines.join()).not.toContain('hidden')
  })

  test.each(['apiKey', 'api-key', 'password', 'passphrase', 'privateKey', 'token'])(
    'a field %s is told where secrets belong',
    async (field) => {
      const lines = await refusal(node(`    ${field}: hunter2\n`))
      expect(lines).toEqual([
        expect.stringMatching(/there is no field \w+(-key)?: no secret belongs in a fleet file: .*nodes archive/),
      ])
      expect(lines.join()).not.toContain('hunter2')
    },
  )
})

describe('the file on the disk', () => {
  const folder = tempDir()
  const written = (bytes: Uint8Array | string): string => {
    const path = join(folder, 'fleet.yaml')
    writeFileSync(path, bytes)
    return path
  }

  test('is UTF-8, and at most 16 MiB', async () => {
    expect(await textOf(written('\ufeffversion: 1\n'))).toBe('version: 1\n')
    await expect(textOf(written(Buffer.from([0x76, 0xff, 0xfe])))).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining('UTF-8') as string,
    })
    await expect(textOf(written(Buffer.alloc(FILE_LIMIT + 1, '#')))).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining('larger than 16 MiB') as string,
    })
    await expect(textOf('/dev/zero')).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining('larger than') as string,
    })
    await expect(textOf(join(folder, 'nope'))).rejects.toMatchObject({
      exit: 2,
      message: `there is no file ${join(folder, 'nope')}`,
    })
    await expect(textOf(folder)).rejects.toMatchObject({
      exit: 2,
      message: `cannot read the file ${folder}: it is a directory`,
    })
  })
})

describe('its JSON Schema', () => {
  const validate = new Ajv({ strict: false }).compile(JSON.parse(readDocument('docs/schema/fleet.schema.json')) as object)
  const fits = (text: string): boolean => validate(parse(text))

  test('takes what akctl takes', () => {
    expect([fits(WHOLE), validate.errors]).toEqual([true, null])
    expect(fits('version: 1\n')).toBe(true)
    expect(fits(node('    sudo: true\n    port: 22\n'))).toBe(true)
  })

  test.each(['    adresses: []\n', '    access: telnet\n', '    settings: { nope: 1 }\n', '    addresses: x\n'])(
    'refuses %j as akctl does',
    async (fields) => {
      expect(fits(node(fields))).toBe(false)
      expect(await refusal(node(fields))).toHaveLength(1)
    },
  )
})

test('the examples of docs/fleet.md are fleet files, and its errors are those that come', async () => {
  const blocks = [...readDocument('docs/fleet.md').matchAll(/^```yaml\n(.*?)^```/gms)].map(([, text = '']) => text)
  const files = await Promise.all(blocks.map(fileOf))
  expect(files.map(({ nodes }) => nodes?.map(({ spec }) => spec.name))).toEqual([['mx1', 'here'], []])
  const [whole = ''] = blocks
  const broken = whole.replace('user: deploy', 'port: 99999').replace('addresses:', 'adresses:')
  const shown = /^```text\n(.*?)\n```/ms.exec(readDocument('docs/fleet.md'))?.[1]?.split('\n')
  const words = (lines: readonly string[] = []): readonly string[] => lines.map((line) => line.replace(/^\S+: /, ''))
  expect(words(await refusal(broken))).toEqual(words(shown))
})
