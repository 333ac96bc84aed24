import { chmodSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeRecord } from '../../src/node/record.ts'
import { exportFleet } from '../../src/operations/fleet/export.ts'
import { planFleet } from '../../src/operations/fleet/plan.ts'
import { FleetSource } from '../../src/operations/fleet/read.ts'
import { setGroup } from '../../src/operations/groups/set.ts'
import { plainTree } from '../../src/operations/fleet/plain-yaml.ts'
import type { ProfileData } from '../../src/profile/profile.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'
import { tempDir } from '../support/temp.ts'

const memoryWorld = memoryWorlds()
const folder = tempDir()

async function worldOf(data: Partial<ProfileData>): Promise<MemoryWorld> {
  const world = await memoryWorld([])
  const nextId = (data.nodes?.length ?? 0) + 1
  await world.profile.update((before) => ({ data: { ...before, ...data, nextId }, result: undefined }))
  return world
}

function node(id: number, name: string, more: Partial<NodeRecord> = {}): NodeRecord {
  return {
    ...{ id, name, host: `${name}.example.com`, directory: '/opt/akmta', access: 'ssh', mta: 'postfix', sudo: false },
    ...{ addresses: [], labels: {}, settings: {}, createdAt: '2026-11-24T00:00:00.000Z', ...more },
  }
}

async function textOf(world: MemoryWorld): Promise<string> {
  return (await exportFleet(world.context, undefined)).text ?? ''
}

/** Whether a plan of a text finds no difference, even with --prune. */
async function saysItAll(world: MemoryWorld, text: string): Promise<boolean> {
  const source = await FleetSource.parse('fleet.yaml', text)
  const { report } = await planFleet(world.context, source, { selection: {}, prune: true, ask: undefined })
  return report.differences === false
}

/** Writes a file and brings it up to date. */
async function updated(world: MemoryWorld, text: string): Promise<{ readonly text: string; readonly changed: boolean }> {
  const path = join(folder, 'fleet.yaml')
  writeFileSync(path, text)
  const { changed } = await exportFleet(world.context, path)
  return { text: readFileSync(path, 'utf8'), changed }
}

const EVERYTHING: Partial<ProfileData> = {
  defaults: { 'esmtp-connection-timeout': 30, 'mta-observer': true, 'smtp-listen-only-interfaces': ['203.0.113.5', '::1'] },
  groups: [
    { name: 'eu', nodes: 'mx[1],here!plain' },
    { name: 'all', nodes: '@eu' },
  ],
  nodes: [
    node(1, 'mx1', {
      ...{
        port: 2222,
        user: 'deploy',
        key: 'fleet',
        sudo: true,
        service: 'postfix@-',
        addresses: ['203.0.113.5', '2001:db8::5'],
      },
      jump: { user: 'ops', host: '2001:db8::1', port: 2022, key: 'door' },
      ...{
        labels: { role: 'relay', rev: '1.10', odd: 'true' },
        settings: { 'spool-cleaner-timeout': 432000, 'fbl-header-name': "X-'F'#B" },
      },
    }),
    node(2, 'constructor', { access: 'https', mta: 'haraka', port: 4433 }),
    node(3, 'here', { access: 'local', host: 'localhost' }),
    node(4, 'plain', { user: 'root', key: 'agent', port: 22, host: '10.0.0.4' }),
  ],
}

test('everything a profile holds, as short as it goes, the same every time', async () => {
  const world = await worldOf(EVERYTHING)
  expect(await textOf(world)).toBe(`version: 1

defaults:
  esmtp-connection-timeout: 30s
  smtp-listen-only-interfaces: 203.0.113.5,::1
  mta-observer: on

groups:
  eu: mx[1],here!plain
  all: "@eu"

nodes:
  mx1:
    host: mx1.example.com
    port: 2222
    dir: /opt/akmta
    access: ssh
    user: deploy
    key: fleet
    sudo: true
    jump: ops@[2001:db8::1]:2022
    jump-key: door
    mta: postfix
    service: postfix@-
    addresses: [203.0.113.5, 2001:db8::5]
    labels:
      odd: "true"
      rev: "1.10"
      role: relay
    settings:
      spool-cleaner-timeout: 5d
      fbl-header-name: X-'F'#B
  constructor:
    host: constructor.example.com
    dir: /opt/akmta
    access: https
    mta: haraka
  here:
    dir: /opt/akmta
    access: local
    mta: postfix
  plain:
    host: 10.0.0.4
    dir: /opt/akmta
    access: ssh
    mta: postfix
`)
  expect(await textOf(world)).toBe(await textOf(world))
})

test('what was exported differs from the profile in nothing', async () => {
  const world = await worldOf(EVERYTHING)
  expect(await saysItAll(world, await textOf(world))).toBe(true)
  const empty = await worldOf({})
  expect(await textOf(empty)).toBe('version: 1\n\nnodes: {}\n')
  expect(await saysItAll(empty, await textOf(empty))).toBe(true)
})

test('a usual fleet is exported in the part of YAML that is read quickly', async () => {
  const world = await worldOf({
    nodes: [node(1, 'mx1', { key: 'fleet', labels: { role: 'relay' }, addresses: ['203.0.113.5'] })],
  })
  expect(plainTree(await textOf(world))).toBeDefined()
})

const OLD = `# our fleet
version: 1

# the relays, oldest first
nodes:
  # to be replaced in spring
  mx2:
    host: MX2.example.com # by the window
    dir: /opt/akmta/
    key: "fleet"
    settings:
      esmtp-connection-timeout: 120 # slow line
      spool-readers: 4

  mx1: { host: mx1.example.com, dir: /opt/akmta, sudo: off }
  gone: # not any more
    host: gone.example.com
    dir: /opt/akmta
`

test('a file that says it all already is not touched, however it says it', async () => {
  const settings = { 'esmtp-connection-timeout': 120, 'spool-readers': 4 } as const
  const world = await worldOf({
    nodes: [node(1, 'mx1'), node(2, 'mx2', { key: 'fleet', settings }), node(3, 'gone')],
  })
  const path = join(folder, 'same.yaml')
  writeFileSync(path, OLD)
  chmodSync(path, 0o640)
  utimesSync(path, 1, 1)
  expect(await exportFleet(world.context, path)).toEqual({ file: path, changed: false, nodes: 3, groups: 0 })
  expect([readFileSync(path, 'utf8'), statSync(path).mtimeMs]).toEqual([OLD, 1000])
})

test('in a file that is there, comments and order stay, and only what differs is changed', async () => {
  const settings = { 'esmtp-connection-timeout': 120, 'spool-readers': 8 } as const
  const world = await worldOf({
    defaults: { profiling: false },
    nodes: [
      node(1, 'mx1', { sudo: true }),
      node(2, 'mx2', { key: 'fleet', port: 2222, settings }),
      node(3, 'new', { labels: { a: 'b' } }),
    ],
  })
  expect(await updated(world, OLD)).toEqual({
    changed: true,
    text: `# our fleet
version: 1

# the relays, oldest first
nodes:
  # to be replaced in spring
  mx2:
    host: MX2.example.com # by the window
    dir: /opt/akmta/
    key: "fleet"
    settings:
      esmtp-connection-timeout: 120 # slow line
      spool-readers: 8
    port: 2222

  mx1: {host: mx1.example.com, dir: /opt/akmta, sudo: true}
  new:
    host: new.example.com
    dir: /opt/akmta
    access: ssh
    mta: postfix
    labels:
      a: b

defaults:
  profiling: off
`,
  })
})

test('a section that is there is emptied, not taken out', async () => {
  const world = await worldOf({})
  const { text } = await updated(
    world,
    'version: 1\ndefaults:\n  profiling: on # why\ngroups: { a: mx1 }\nnodes:\n  mx1: { host: h, dir: /opt/a }\n',
  )
  expect(text).toBe('version: 1\ndefaults: {}\ngroups: {}\nnodes: {}\n')
})

describe('a file with anchors', () => {
  const ANCHORS = `version: 1
nodes:
  mx1: &usual
    host: mx1.example.com
    dir: /opt/akmta
    key: fleet
  mx2:
    <<: *usual
    host: mx2.example.com
`

  test('keeps them where they say what holds', async () => {
    const world = await worldOf({ nodes: [node(1, 'mx1', { key: 'fleet' }), node(2, 'mx2', { key: 'fleet' })] })
    expect(await updated(world, ANCHORS)).toEqual({ text: ANCHORS, changed: false })
  })

  test('has them written out where a node differs from them', async () => {
    const world = await worldOf({ nodes: [node(1, 'mx1', { key: 'fleet' }), node(2, 'mx2')] })
    const { text } = await updated(world, ANCHORS)
    expect(text).toContain('mx1: &usual')
    expect(text).not.toContain('<<')
    expect(await saysItAll(world, text)).toBe(true)
  })

  test('is refused, and left as it is, where changing it in place would change something else', async () => {
    const world = await worldOf({ nodes: [node(1, 'mx1'), node(2, 'mx2', { key: 'fleet' })] })
    const path = join(folder, 'anchors.yaml')
    writeFileSync(path, ANCHORS)
    await expect(exportFleet(world.context, path)).rejects.toMatchObject({
      exit: 2,
      message: expect.stringContaining("can't be changed in place") as string,
    })
    expect(readFileSync(path, 'utf8')).toBe(ANCHORS)
  })
})

test('a file that is no fleet file is refused and left as it is; a new one is readable for all', async () => {
  const world = await worldOf({})
  const path = join(folder, 'bad.yaml')
  writeFileSync(path, 'version: 1\nnods: {}\n')
  await expect(exportFleet(world.context, path)).rejects.toMatchObject({
    exit: 2,
    message: expect.stringContaining(`${path}:2:1: nods`) as string,
  })
  expect(readFileSync(path, 'utf8')).toBe('version: 1\nnods: {}\n')
  const fresh = join(folder, 'fresh.yaml')
  expect(await exportFleet(world.context, fresh)).toMatchObject({ file: fresh, changed: true })
  writeFileSync(`${fresh}.like`, '', { mode: 0o644 })
  expect(statSync(fresh).mode).toBe(statSync(`${fresh}.like`).mode)
})

test('a group that no file can hold is refused when it is set; the longest one is exported, and read again', async () => {
  const world = await memoryWorld(['mx1'])
  const before = await world.profile.read()
  const [longest, long] = [16_384, 16_385].map((times) => Array<string>(times).fill('mx1').join(',')) as [string, string]
  for (const wrong of [long, 'mx1,\nmx1']) {
    await expect(setGroup(world.context, 'all', [wrong])).rejects.toMatchObject({
      exit: 2,
      message: 'the group all: not a set of nodes: give one line of at most 65536 characters, such as mx[01-40]!mx07',
    })
  }
  expect(await world.profile.read()).toEqual(before)
  expect((await setGroup(world.context, 'all', [longest])).members).toEqual(['mx1'])
  expect((await FleetSource.parse('fleet.yaml', await textOf(world))).file.groups).toEqual([{ name: 'all', nodes: longest }])
  await world.profile.update((data) => ({ data: { ...data, groups: [{ name: 'all', nodes: long }] }, result: undefined }))
  await expect(textOf(world)).rejects.toMatchObject({
    exit: 2,
    message: expect.stringContaining('groups.all: not a set of nodes') as string,
  })
})
