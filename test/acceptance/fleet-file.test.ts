import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { cliNodes, journalOf, storedNode, type CliNode } from '../support/cli-nodes.ts'
import { fitsSchema } from '../support/schemas.ts'
import { tempDir } from '../support/temp.ts'

// The fleet file with the built program and real Postfix nodes: what is asserted is what stands on the node, in the store, and in the files.

jest.setTimeout(180_000)

const ann = testCli({ SUDO_USER: 'ann' })
const bob = testCli({ SUDO_USER: 'bob' })
const makeNode = cliNodes()
const folder = tempDir()
const FILE = join(folder, 'fleet.yaml')
const PLAN = join(folder, 'plan.json')
const words = (line: string): string[] => line.split(' ')

let mx1: CliNode

/** Changes the fleet file as an editor would. */
function edit(from: string | RegExp, to: string): void {
  const text = readFileSync(FILE, 'utf8')
  const changed = text.replace(from, to)
  if (changed === text) throw new Error(`${String(from)} is not in ${text}`)
  writeFileSync(FILE, changed)
}

function plan(...more: readonly string[]): ReturnType<typeof ann.run> {
  return ann.run(['fleet', 'plan', '-f', FILE, '--detailed-exitcode', ...more])
}

function apply(...more: readonly string[]): ReturnType<typeof ann.run> {
  return ann.run(['fleet', 'apply', ...more])
}

beforeAll(async () => {
  mx1 = await makeNode(ann, 'mx1')
  await makeNode(bob, 'relay', { directory: mx1.directory, install: false })
  await ann.ok(words('settings set mx1 esmtp-connection-timeout=11s --sync'))
}, 120_000)

test('export, then plan: no differences', async () => {
  const { stdout } = await ann.ok(words('fleet export'))
  expect(stdout).toMatch(/^version: 1\n\nnodes:\n {2}mx1:\n/)
  expect((await ann.ok(['fleet', 'export', '-f', FILE])).stdout).toBe(`${FILE}\twritten: a node\n`)
  expect(readFileSync(FILE, 'utf8')).toBe(stdout)
  const same = await plan()
  expect([same.exit, same.stdout, same.stderr]).toEqual([0, '', 'no differences\n'])
})

test('plan shows what changes in the profile and on the node; apply makes it so; applied again, it does nothing', async () => {
  edit('esmtp-connection-timeout: 11s', 'esmtp-connection-timeout: 22s # slower')
  edit('nodes:', 'defaults:\n  smtp-admin-email: ops@example.com\nnodes:')
  const before = mx1.sum()
  const planned = await plan()
  expect([planned.exit, planned.stdout.split('\n')]).toEqual([
    10,
    [
      '(defaults)\tchange\tsmtp-admin-email\t-\tops@example.com',
      'mx1\tchange\tesmtp-connection-timeout\t11s\t22s',
      expect.stringMatching(/^mx1\tsync\tsynced\tno: told by ann@\S+ at \S+ \(revision 1\)\tyes$/),
      'mx1\tsync\ttold esmtp-connection-timeout\t11s\t22s',
      'mx1\tsync\ttold smtp-admin-email\t-\tops@example.com',
      '',
    ],
  ])
  const dry = await apply('-f', FILE, '--dry-run')
  expect([dry.exit, mx1.sum(), storedNode(ann, 'mx1')?.settings]).toEqual([0, before, { 'esmtp-connection-timeout': 11 }])

  const done = await apply('-f', FILE, '--json')
  expect([done.exit, fitsSchema(done.json)]).toEqual([0, []])
  expect(done.json.nodes).toMatchObject([{ node: 'mx1', outcome: 'changed', result: { sync: { revision: 2 } } }])
  expect([mx1.parameter('smtp_connect_timeout'), mx1.record().settings]).toEqual([
    '22s',
    { 'esmtp-connection-timeout': 22, 'smtp-admin-email': 'ops@example.com' },
  ])
  expect(journalOf(ann).slice(-3)).toMatchObject([
    { verb: 'fleet apply', message: 'default smtp-admin-email' },
    { verb: 'fleet apply', node: 'mx1', message: 'esmtp-connection-timeout' },
    { verb: 'mta sync', node: 'mx1', revision: 2, message: 'fleet apply' },
  ])

  const again = await apply('-f', FILE)
  expect([again.exit, again.stdout, again.stderr]).toEqual([0, '', `nothing to do: profile and nodes are as ${FILE} says\n`])
  expect([mx1.revision(), mx1.begun('sync'), (await plan()).exit]).toEqual([2, 2, 0])
})

test('drift by hand is seen and put right, though the file changes nothing', async () => {
  const main = mx1.path('akctl/current/conf/main.cf')
  writeFileSync(main, readFileSync(main, 'utf8').replace('22s', '99s'))
  const planned = await plan('--json')
  expect([planned.exit, fitsSchema(planned.json)]).toEqual([10, []])
  expect(planned.json.nodes).toMatchObject([
    { node: 'mx1', result: { action: 'sync', drift: { synced: 'edited', edited: [expect.stringContaining('main.cf')] } } },
  ])
  expect((await plan('--no-status')).exit).toBe(0)
  expect((await apply('-f', FILE)).stdout).toMatch(/^mx1\tchanged\tsync: settings written/)
  expect([mx1.parameter('smtp_connect_timeout'), (await plan()).exit]).toEqual(['22s', 0])
})

test('-o markdown is a table for a pull request, where nothing is taken for markup', async () => {
  edit('nodes:', 'groups:\n  eu: mx1,mx[1]\nnodes:')
  const { stdout, exit } = await plan('-o', 'markdown', '--no-status')
  expect([exit, stdout]).toEqual([
    10,
    [
      `### Fleet plan of \`${FILE}\``,
      '',
      'defaults or groups change; the nodes were not asked.',
      '',
      '| node | action | what | from | to |',
      '| --- | --- | --- | --- | --- |',
      '| `(groups)` | `create` | `eu` |  | `mx1,mx[1]` |',
      '',
    ].join('\n'),
  ])
  expect((await ann.run(words('nodes list -o markdown'))).exit).toBe(2)
  expect((await ann.run(words('nodes list'), { env: { AKCTL_OUTPUT: 'markdown' } })).exit).toBe(2)
  await ann.ok(['fleet', 'apply', '-f', FILE])
})

describe('a plan that was written', () => {
  /** The truth that must not move when a plan is refused. */
  const state = (): readonly unknown[] => [mx1.sum(), readFileSync(join(ann.home, 'profiles/default/profile.json'), 'utf8')]
  let seconds = 30

  beforeEach(async () => {
    edit(/esmtp-connection-timeout: \d+s/, `esmtp-connection-timeout: ${++seconds}s`)
    await plan('--out', PLAN)
  })

  test('is done exactly, whatever has become of the file', async () => {
    edit(/esmtp-connection-timeout: \d+s/, 'esmtp-connection-timeout: 99s')
    expect(statSync(PLAN).mode & 0o777).toBe(0o600)
    expect((await apply(PLAN)).exit).toBe(0)
    expect(mx1.parameter('smtp_connect_timeout')).toBe(`${seconds}s`)
    const again = await apply('-f', PLAN)
    expect([again.exit, again.stderr]).toEqual([0, `nothing to do: profile and nodes are as ${PLAN} says\n`])
  })

  test('is refused when the profile has been edited since', async () => {
    await ann.ok(words('nodes edit mx1 --label role=relay'))
    const before = state()
    const refused = await apply(PLAN, '--json')
    expect([refused.exit, refused.json.error?.message]).toEqual([8, expect.stringContaining('the profile has changed since')])
    expect(state()).toEqual(before)
    await ann.ok(words('nodes edit mx1 --no-label'))
  })

  test('is refused when another profile has told the node something since; --take-over is for who means it', async () => {
    await bob.ok(words('settings pull relay'))
    await bob.ok(words('settings set relay esmtp-connection-timeout=77s --sync'))
    const before = state()
    const refused = await apply(PLAN)
    expect([refused.exit, refused.stderr]).toEqual([
      8,
      expect.stringMatching(/a node has changed since(.|\n)*mx1 is at revision \d+, and was at \d+: written by bob@/),
    ])
    expect(state()).toEqual(before)
    const conflict = await apply('-f', FILE)
    expect([conflict.exit, mx1.parameter('smtp_connect_timeout')]).toEqual([8, '77s'])
    await ann.ok(['fleet', 'apply', '-f', FILE, '--take-over'])
    expect([mx1.parameter('smtp_connect_timeout'), mx1.record().by]).toEqual([`${seconds}s`, expect.stringMatching(/^ann@/)])
  })
})

test('a new node is created; until it is prepared its outcome says how; then it is told', async () => {
  const fresh = await makeNode(bob, 'fresh')
  edit(
    /^ {2}mx1:/m,
    `  mx2:\n    access: local\n    dir: ${fresh.directory}x\n    settings: { esmtp-connection-timeout: 41s }\n  mx1:`,
  )
  const failed = join(folder, 'failed.txt')
  const first = await apply('-f', FILE, '--failed-to', failed)
  expect([first.exit, first.stderr]).toEqual([1, expect.stringMatching(/mx2: .*not prepared(.|\n)*akctl nodes install mx2/)])
  expect(readFileSync(failed, 'utf8')).toBe('mx2\n')
  expect(storedNode(ann, 'mx2')).toMatchObject({ id: 2, settings: { 'esmtp-connection-timeout': 41 } })
  edit(`${fresh.directory}x`, fresh.directory)
  expect((await apply('-f', FILE, `@file:${failed}`, '--failed-to', failed)).exit).toBe(0)
  expect(readFileSync(failed, 'utf8')).toBe('')
  expect(fresh.parameter('smtp_connect_timeout')).toBe('41s')
})

test('--prune deletes the record of what the file does not name, after a consent, and nothing on the server', async () => {
  edit(/ {2}mx2:\n(?: {4}.*\n)+/, '')
  const kept = await plan()
  expect([kept.exit, kept.stderr]).toEqual([0, 'no differences; not in the file, and left alone without --prune: a node\n'])
  expect((await plan('--prune')).stdout).toBe('mx2\tdelete\trecord\tmx2\t-\n')
  const asked = await apply('-f', FILE, '--prune')
  expect([asked.exit, asked.stderr]).toEqual([2, expect.stringContaining('mx2')])
  expect(storedNode(ann, 'mx2')).toBeDefined()
  expect((await apply('-f', FILE, '--prune', '--yes')).stdout).toBe('mx2\tchanged\tdeleted\t-\n')
  expect([storedNode(ann, 'mx2'), (await plan('--prune')).exit]).toEqual([undefined, 0])
})

test('a file with errors is refused with every place, before anything is done', async () => {
  const bad = join(folder, 'bad.yaml')
  writeFileSync(bad, 'version: 1\nnodes:\n  mx1:\n    hots: h\n    dir: rel\n    key: |\n      abc\n')
  for (const verb of ['plan', 'apply']) {
    const refused = await ann.run(['fleet', verb, '-f', bad])
    expect([refused.exit, refused.stdout, refused.stderr.split('\n').slice(0, 3)]).toEqual([
      2,
      '',
      [
        expect.stringContaining(`${bad}:3:3: nodes.mx1: host is missing`),
        expect.stringContaining(`${bad}:4:5: nodes.mx1.hots: there is no field "hots": did you mean host?`),
        expect.stringContaining(`${bad}:5:10: nodes.mx1.dir: "rel" is no installation directory`),
      ],
    ])
  }
  expect((await apply()).exit).toBe(2)
  expect((await ann.run(words('fleet plan'))).exit).toBe(2)
})

test('a plan is not written where a node could not be asked, and says so', async () => {
  const [file, out] = [join(folder, 'hole.yaml'), join(folder, 'none.json')]
  writeFileSync(file, 'version: 1\nnodes:\n  hole: { host: 127.0.0.1, port: 1, dir: /opt/hole }\n')
  await ann.ok(['fleet', 'apply', '-f', file, '--no-sync'])
  const planned = await ann.run(['fleet', 'plan', '-f', file, '--out', out, '--json'])
  expect([planned.exit, planned.json.data, existsSync(out)]).toEqual([4, expect.not.objectContaining({ out }), false])
  expect(planned.json.warnings).toEqual([expect.stringMatching(/none\.json was not written, .*: hole; .*--exclude 'hole'$/)])
  await ann.ok(words('nodes delete hole --yes'))
})
