// Leases between operators: real akctl processes of several profiles over the same nodes, on this machine and by SSH.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import type { Lease } from '../../src/node/lease.ts'
import type { NodeOutcome } from '../../src/outcome/outcome.ts'
import { KEY, testAgents } from '../support/agent.ts'
import { type CliRun, testCli } from '../support/cli.ts'
import { type CliNode, cliNodes, journalOf, trustSshd } from '../support/cli-nodes.ts'
import { Gate } from '../support/gate.ts'
import { createHttpsNode, keepApiKey } from '../support/https-node.ts'
import { terminal } from '../support/pty.ts'
import { fitsSchema } from '../support/schemas.ts'
import { type Sshd, startSshd } from '../support/sshd.ts'
import { Driver, bundleDriver } from '../support/store.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

jest.setTimeout(180_000)

const ann = testCli({ SUDO_USER: 'ann' })
const bob = testCli({ SUDO_USER: 'bob' })
const makeNode = cliNodes()
const root = tempDir()
const gate = new Gate()
const PATH = `${gate.folder}:/usr/local/bin:/usr/bin:/bin`
const words = (line: string): string[] => line.split(' ')
const JOB = 'https://gitlab.example.com/fleet/-/jobs/4711'

let sshd: Sshd
let driver: string
const agents = testAgents()
const nodes = {} as Record<'here' | 'far' | 'web', CliNode>
const holders: Driver[] = []

beforeAll(async () => {
  sshd = await startSshd({ env: { PATH } })
  for (const cli of [ann, bob]) await trustSshd(cli, sshd)
  nodes.here = await makeNode(ann, 'here')
  nodes.far = await makeNode(ann, 'far', { sshd })
  await makeNode(bob, 'bobs-here', { directory: nodes.here.directory, install: false })
  await makeNode(bob, 'bobs-far', { directory: nodes.far.directory, install: false, sshd })
  nodes.web = await makeNode(ann, 'web-itself')
  const agent = await agents({ BASEDIR: nodes.web.directory, MTA: 'postfix' }, { env: { PATH } })
  await agent.start()
  for (const [cli, name] of [
    [ann, 'web'],
    [bob, 'bobs-web'],
  ] as const) {
    await createHttpsNode(cli, name, agent.port, '--mta', 'postfix')
    await keepApiKey(cli, name, KEY)
    await cli.ok(['trust', 'add', name, '--fingerprint', agent.fingerprint])
  }
  driver = await bundleDriver(root, 'lease-driver')
}, 120_000)

afterAll(async () => {
  for (const { child } of holders) child.kill('SIGKILL')
  await sshd.stop()
})

/** The lease file's own lines. */
function file(node: CliNode): Readonly<Record<string, string>> {
  const path = node.path('akctl/lease')
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : []
  return Object.fromEntries(lines.map((line) => [line.split('=', 1)[0] ?? '', line.replace(/^[^=]*=/, '')]))
}

describe.each(['here', 'far', 'web'] as const)('two processes at the same moment, node %s', (name) => {
  test('exactly one wins; the other is refused at once with the winner’s name, and has done nothing', async () => {
    const node = nodes[name]
    await ann.ok(words(`mta start ${name} --no-sync`))
    const before = node.begun('restart')
    const held = gate.close(node, 'restart')
    const runs = [
      ann.start(words(`mta restart ${name} --lock-timeout 0 --json`), { env: { PATH } }),
      bob.start(words(`mta restart bobs-${name} --lock-timeout 0 --json`), { env: { PATH } }),
    ]
    await held()
    const first = await Promise.race(runs.map((run) => run.done))
    gate.open()
    const ended = await Promise.all(runs.map((run) => run.done))
    expect(ended.map(({ exit }) => exit).toSorted()).toEqual([0, 8])
    expect(first.exit).toBe(8)
    const loser = ended[0]?.exit === 8 ? 'ann' : 'bob'
    const winner = loser === 'ann' ? 'bob' : 'ann'
    expect(first.json.nodes).toMatchObject([{ outcome: 'conflict', error: { kind: 'locked' } }])
    const { message = '', hints = [] } = first.json.nodes?.[0]?.error ?? {}
    expect(message).toMatch(new RegExp(`${winner}@\\S+ \\(pid \\d+\\) is at work on the node since .*: mta restart`))
    expect(hints).toContain(`see it: akctl locks show ${loser === 'ann' ? name : `bobs-${name}`}`)
    expect(node.begun('restart')).toBe(before + 1)
    expect(readFileSync(node.path('akctl/lease'), 'utf8')).toBe('')
  })
})

describe.each(['here', 'far'] as const)('one process after the other, node %s', (name) => {
  test('with --lock-timeout the second waits, and then does it', async () => {
    const node = nodes[name]
    const [before] = node.masters()
    const held = gate.close(node, 'restart')
    const first = ann.start(words(`mta restart ${name}`), { env: { PATH } })
    await held()
    expect(file(node)['by']).toMatch(/^ann@/)
    const second = bob.start(words(`mta restart bobs-${name} --lock-timeout 30`))
    const waiting = node.path('akctl/waiting')
    await until('the second waits', 30, () => (existsSync(waiting) && readdirSync(waiting).length > 0) || undefined)
    gate.open()
    const [one, two] = await Promise.all([first.done, second.done])
    expect([one.exit, two.exit]).toEqual([0, 0])
    expect(node.masters()).toHaveLength(1)
    expect(node.masters()).not.toContain(before)
    expect(readFileSync(node.path('akctl/orders'), 'utf8').trim().split(/\n+/).slice(-4)).toEqual(
      ['begun', 'done', 'begun', 'done'].map((word) => expect.stringContaining(` restart ${word} `) as string),
    )
  })
})

/** A run of ann's that keeps its lease on a node. */
async function holder(node: string, ttl: number): Promise<{ driver: Driver; order(): Promise<NodeOutcome<unknown>> }> {
  const env = { SUDO_USER: 'ann', CI_JOB_URL: JOB, PATH: process.env['PATH'] ?? '' }
  const run = new Driver(driver, ann.home, [node, String(ttl)], env)
  holders.push(run)
  const order = async (): Promise<NodeOutcome<unknown>> => {
    run.child.stdin?.write('order\n')
    return JSON.parse(await run.line()) as NodeOutcome<unknown>
  }
  expect(await order()).toMatchObject({ outcome: 'ok' })
  return { driver: run, order }
}

const leaseIn = (run: CliRun): Lease | undefined =>
  (run.json.nodes?.[0] as NodeOutcome<{ readonly lease?: Lease }> | undefined)?.result?.lease

describe('a lease that a run keeps', () => {
  test('is renewed while its run lives, seen by everybody, and expires when it is killed', async () => {
    const node = nodes.far
    const held = await holder('far', 10)
    const { id, until: first } = file(node)
    await until('two renewals', 60, () => Number(file(node)['until']) >= Number(first) + 2 || undefined)
    expect(file(node)).toMatchObject({ id, kept: 'yes' })

    const list = await bob.ok(words('locks list --json'))
    expect(fitsSchema(list.json)).toEqual([])
    expect(list.json.nodes?.map(({ node: name, outcome }) => [name, outcome])).toEqual([
      ['bobs-here', 'ok'],
      ['bobs-far', 'ok'],
      ['bobs-web', 'ok'],
    ])
    expect(list.json.nodes?.[0]?.result).not.toHaveProperty('lease')
    const show = await bob.ok(words('locks show bobs-far --json'))
    expect(fitsSchema(show.json)).toEqual([])
    const lease = { id, by: expect.stringMatching(/^ann@/) as string, pid: held.driver.child.pid, job: JOB, kept: true }
    expect(leaseIn(show)).toMatchObject({ ...lease, operation: 'mta stop', reason: 'wave 1 of 3' })
    const status = await bob.ok(words('mta status bobs-far --json'))
    expect(fitsSchema(status.json)).toEqual([])
    expect(leaseIn(status)).toMatchObject(lease)
    const rows = (await bob.ok(words('locks list'))).stdout.trim().split('\n')
    expect(rows).toEqual([
      expect.stringMatching(new RegExp(`^bobs-far\t${id}\tann@\\S+\tmta stop\t20.*unless renewed\t${JOB}\twave 1 of 3$`)),
    ])

    const begun = node.begun('start')
    const refused = await bob.run(words('mta start bobs-far --no-sync --lock-timeout 0'))
    expect([refused.exit, node.begun('start'), node.masters()]).toEqual([8, begun, []])
    expect(refused.stderr).toMatch(/ann@\S+ \(pid \d+\) keeps the node locked since .*: mta stop \(wave 1 of 3\), https:/)
    expect(refused.stderr).toContain(`akctl locks release ${id} bobs-far --yes`)

    held.driver.child.kill('SIGKILL')
    await held.driver.end()
    expect(file(node)['id']).toBe(id)
    await bob.ok(words('mta start bobs-far --no-sync --lock-timeout 60'))
    expect(node.masters()).toHaveLength(1)
    expect(readFileSync(node.path('akctl/lease'), 'utf8')).toBe('')
  })

  test('is released by force with a literal yes, journaled, and its holder is refused from then on', async () => {
    const node = nodes.far
    const held = await holder('far', 600)
    const id = file(node)['id'] ?? ''
    const begun = node.begun('stop')

    const nobody = await bob.run(words(`locks release ${id} bobs-far`))
    expect([nobody.exit, nobody.stderr]).toEqual([2, expect.stringContaining('give --yes')])
    const dry = await bob.ok(words(`locks release ${id} --dry-run`))
    expect(dry.stdout).toContain('would be released: ann@')
    const unsure = terminal(bob, words(`locks release ${id} bobs-far`))
    await unsure.answer(/Type yes to end the lease of ann@\S+ \(mta stop\) on bobs-far/, 'y')
    expect(await unsure.done).toBe(130)
    expect(file(node)['id']).toBe(id)
    const sure = terminal(bob, words(`locks release ${id} --reason gone`))
    await sure.answer(/Type yes to end/, 'yes')
    expect(await sure.done).toBe(0)
    expect(readFileSync(node.path('akctl/lease'), 'utf8')).toBe('')
    expect(journalOf(bob).at(-1)).toMatchObject({
      ...{ verb: 'locks release', node: 'bobs-far', outcome: 'changed' },
      message: expect.stringMatching(new RegExp(`the lease ${id} of ann@\\S+ \\(mta stop\\): gone`)) as string,
    })

    expect(await held.order()).toMatchObject({ outcome: 'conflict', error: { kind: 'locked' } })
    expect(node.begun('stop')).toBe(begun)
    const again = await bob.ok(words(`locks release ${id} --yes --json`))
    expect(fitsSchema(again.json)).toEqual([])
    expect(again.json.nodes?.map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'ok'])
    expect((await bob.run(words('locks release nonsense --yes'))).exit).toBe(2)
    held.driver.child.kill('SIGKILL')
  })

  test('is given up at the end of its run', async () => {
    const held = await holder('far', 600)
    expect(file(nodes.far)['kept']).toBe('yes')
    expect(await held.order()).toMatchObject({ outcome: 'ok' }) // its own run may go on
    held.driver.child.stdin?.end('release\n')
    expect(await held.driver.line()).toBe('done')
    expect(readFileSync(nodes.far.path('akctl/lease'), 'utf8')).toBe('')
    expect(await held.driver.end()).toBe(0)
    expect((await bob.ok(words('locks show bobs-far'))).stdout).toContain('nobody')
  })
})

test('an install waits for nobody either when it is told not to', async () => {
  const held = await holder('here', 600)
  const run = await bob.run(words('nodes install bobs-here --lock-timeout 0'))
  expect([run.exit, run.stderr]).toEqual([8, expect.stringMatching(/ann@\S+ .*keeps the node locked/)])
  const id = file(nodes.here)['id'] ?? ''
  await bob.ok(words(`locks release ${id} bobs-here --yes`))
  await bob.ok(words('nodes install bobs-here --lock-timeout 0'))
  held.driver.child.kill('SIGKILL')
})
