// A fleet of thirty, ten of them broken in ten ways, and a rollout over all of them.
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { processesNaming } from '../support/agent.ts'
import { type CliRun, testCli } from '../support/cli.ts'
import { journalOf } from '../support/cli-nodes.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'
import { breakFleet } from './faults.ts'
import { type LabNode, raiseFleet } from './fleet.ts'
import { Network } from './network.ts'
import { type Fault, PLACES } from './places.ts'
import { Before, type Line, rightFor } from './truth.ts'

/** Seconds, as given by flags. */
const LIMITS = { connect: 5, auth: 15, command: 20, change: 60, gate: 10 }
const WIDTH = 8
const WAVES = [1, 5, 24]

/**
 * Seconds within which a run is over, whatever its nodes do. One node takes at most a connection, a greeting, a login, a
 * question for an old order, one for its state, and the change; its look in the gate a connection more and one question beyond
 * the gate's end. As many as the run is wide do so at the same time.
 */
const OPENING = 2 * LIMITS.connect + LIMITS.auth
const NODE = OPENING + 2 * LIMITS.command + LIMITS.change + OPENING + LIMITS.gate + LIMITS.command
const BOUND = WAVES.map((size) => Math.ceil(size / WIDTH) * NODE).reduce((sum, wave) => sum + wave)

jest.setTimeout((BOUND + 60) * 1000)

let network: Network
let nodes: readonly LabNode[]

afterAll(() => (network as Network | undefined)?.end()) // before the folder goes
const folder = tempDir('akctl-lab-')
const cli = testCli({}, () => network.enter)
const words = (line: string): string[] => line.split(' ')
const the = (fault: Fault): LabNode => nodes.find(({ place }) => place.fault === fault)!

beforeAll(async () => {
  network = await Network.open(PLACES, folder)
  nodes = await raiseFleet(cli, network, folder)
  await breakFleet(cli, network, nodes)
}, 300_000)

interface RollOut {
  readonly run: CliRun
  readonly table: readonly Line[]
  /** When the third wave began, and when a node's outcome was known; undefined: never in this run. */
  readonly third: number | undefined
  readonly known: (node: LabNode) => number | undefined
}

/** Gives the whole fleet another timeout, and rolls that out. */
async function rollOut(timeout: number, maxFail: string): Promise<RollOut> {
  await cli.ok(['settings', 'set', '--defaults', `esmtp-connection-timeout=${timeout}s`])
  const before = nodes.map((node) => new Before(node))
  const earlier = journalOf(cli).length
  const limits = `--connect-timeout ${LIMITS.connect} --auth-timeout ${LIMITS.auth} --command-timeout ${LIMITS.command}`
  const more = `--change-timeout ${LIMITS.change} --gate-timeout ${LIMITS.gate}s --keep-alive 5 -c ${WIDTH}`
  const line = `mta sync --all --serial 1,5,100% --yes -o json --max-fail ${maxFail} ${limits} ${more}`
  const started = cli.start(words(line), { timeout: BOUND })
  const third = started.waitFor('stderr', /wave 3 of 3/, BOUND).then(Date.now, () => undefined)
  const run = await started.done
  await until('no order is at work any more', LIMITS.change, () => nodes.every((node) => node.lease() === '') || undefined)
  const outcomes = new Map(run.json.nodes?.map(({ node, outcome }) => [node, outcome]))
  const table = nodes.map((node, index) => ({
    ...{ node: node.name, outcome: outcomes.get(node.name) },
    ...{ effect: before[index]!.effect(timeout), masters: node.masters().length },
  }))
  const lines = journalOf(cli).slice(earlier)
  const known = ({ name }: LabNode): number | undefined => {
    const entry = lines.findLast(({ node }) => node === name)
    return entry === undefined ? undefined : Date.parse(entry.at)
  }
  return { run, table, third: await third, known }
}

/** What is right for all thirty; of those that a run did not reach, that they were left alone. */
function rightTable(reached = nodes.length): readonly Line[] {
  return nodes.map((node, index) => {
    const { outcome, effect } = index < reached ? rightFor(node) : { outcome: 'skipped', effect: 'untouched' as const }
    return { node: node.name, outcome, effect, masters: node.place.running ? 1 : 0 }
  })
}

test('thirty nodes, ten of them broken in ten ways, which can neither get out nor be seen from outside', () => {
  expect(new Set(nodes.flatMap(({ place }) => place.fault ?? [])).size).toBe(10)
  expect(nodes.filter(({ place }) => place.fault === undefined)).toHaveLength(20)
  expect(network.run('ip route').trim()).toBe('198.51.100.0/24 dev room proto kernel scope link src 198.51.100.1')
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? [])
  expect(addresses.filter(({ address }) => address.startsWith('198.51.100.'))).toEqual([])
})

test.each([21, 22, 23])('a rollout goes through to its end, and tells the truth of each of them (%s s)', async (timeout) => {
  const shaped = overlimits()
  const { run, table, third, known } = await rollOut(timeout, '100%')
  expect(table).toEqual(rightTable())
  expect([run.exit, run.json.ok]).toEqual([7, false]) // the worst: unknown
  const errors = new Map(run.json.nodes?.map(({ node, error }) => [node, error?.message ?? '']))
  for (const node of nodes) expect(errors.get(node.name)).toMatch(rightFor(node).says ?? /^$/)
  expect(overlimits()).toBeGreaterThan(shaped)
  // Who says nothing is given up by its own time limits: a connection, and a greeting.
  for (const fault of ['black-hole', 'hanging'] as const) {
    const seconds = (known(the(fault))! - third!) / 1000
    expect(seconds).toBeGreaterThan(LIMITS.connect - 1)
    expect(seconds).toBeLessThan(2 * LIMITS.connect)
  }
  // What an earlier run did not see the end of, this one has found out before it went on.
  const found = `${the('reset').name}: the sync of .*, whose end was not seen, succeeded`
  expect(run.stderr.match(new RegExp(found, 'g')) ?? []).toHaveLength(timeout === 21 ? 0 : 1)
})

test('no credential goes to a host that is not known any more, and a refused key opens nothing', () => {
  expect(the('host-key').log()).not.toContain('userauth-request')
  expect(the('user-key').log()).toContain('userauth-request for user root')
  expect(the('user-key').log()).not.toContain('Accepted')
})

test('after three failures no wave is begun, and the rest is left alone', async () => {
  const { run, table } = await rollOut(24, '3')
  expect(table).toEqual(rightTable(6))
  expect([run.exit, run.stderr]).toEqual([5, 'wave 1 of 3: 1 node\nwave 2 of 3: 5 nodes\n'])
})

test('nothing of it is left', async () => {
  await network.end()
  expect([existsSync(network.root), processesNaming(folder), readdirSync(folder)]).toEqual([false, [], []])
  expect(readFileSync('/proc/mounts', 'utf8')).not.toContain(folder)
})

/** How often the slow link has held a packet back. */
function overlimits(): number {
  return Number(/overlimits (\d+)/.exec(network.run(`tc -s qdisc show dev ${the('slow').name}`))?.[1])
}
