// `npm run bench`: the figures akctl promises, measured on this machine, with their targets.
// Usage: node test/bench/bench.mjs [start] [plan] [fleet] [apply] [agents] [--nodes N] [--hosts N] [--agents N] [--requests N] [--rounds N] [--runs N] [--profile FOLDER]
import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { coldStart } from './cold-start.mjs'
import { fleetApply } from './fleet-apply.mjs'
import { fleetPlan } from './fleet-plan.mjs'
import { fleetStatus } from './fleet-status.mjs'
import { httpsFleet } from './https-fleet.mjs'

const bin = fileURLToPath(new URL('../../bin/run.js', import.meta.url))
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nodes: { type: 'string', default: '10000' },
    hosts: { type: 'string', default: '300' },
    agents: { type: 'string', default: '1000' },
    requests: { type: 'string', default: '100000' },
    rounds: { type: 'string', default: '20' },
    runs: { type: 'string', default: '2' },
    profile: { type: 'string' },
  },
})
const PARTS = ['start', 'plan', 'fleet', 'apply', 'agents']
const unknown = positionals.filter((word) => !PARTS.includes(word))
if (unknown.length > 0) {
  console.error(`bench knows no ${unknown.join(', ')}: give any of ${PARTS.join(', ')}, or nothing for all`)
  process.exit(2)
}
const wanted = (part) => positionals.length === 0 || positionals.includes(part)

// sshd and agent listen on all addresses of a network of its own, which has a loopback interface and nothing else.
if (['fleet', 'apply', 'agents'].some(wanted) && process.env.AKCTL_BENCH_NETNS === undefined) {
  const script = 'ip link set lo up && exec "$@"'
  const args = ['-n', 'sh', '-c', script, 'sh', process.execPath, ...process.argv.slice(1)]
  const { status } = spawnSync('unshare', args, { stdio: 'inherit', env: { ...process.env, AKCTL_BENCH_NETNS: '1' } })
  process.exit(status ?? 1)
}

if (values.profile !== undefined) mkdirSync(values.profile, { recursive: true })
const rows = []
if (wanted('start')) rows.push(...(await coldStart(bin, Number(values.rounds))))
if (wanted('plan'))
  rows.push(...(await fleetPlan(bin, { nodes: Number(values.nodes), rounds: Math.min(Number(values.rounds), 7) })))
if (wanted('fleet'))
  rows.push(...(await fleetStatus(bin, { hosts: Number(values.hosts), runs: Number(values.runs), profile: values.profile })))
if (wanted('apply'))
  rows.push(...(await fleetApply(bin, { hosts: Number(values.hosts), runs: Number(values.runs), profile: values.profile })))
if (wanted('agents'))
  rows.push(
    ...(await httpsFleet(bin, { agents: Number(values.agents), requests: Number(values.requests), runs: Number(values.runs) })),
  )

const width = Math.max(...rows.map(({ name }) => name.length))
console.log(`\n${'figure'.padEnd(width)}  measured    target`)
for (const { name, value, unit, target, note } of rows) {
  const figure = `${value.toFixed(value < 10 ? 2 : 1)} ${unit}`
  const verdict = target === undefined ? '' : value <= target ? 'ok' : 'over'
  console.log(
    `${name.padEnd(width)}  ${figure.padStart(9)}  ${(target === undefined ? '' : `${target} ${unit}`).padStart(7)}  ${verdict.padEnd(4)}  ${note}`.trimEnd(),
  )
}
process.exitCode = rows.every(({ value, target }) => target === undefined || value <= target) ? 0 : 1
