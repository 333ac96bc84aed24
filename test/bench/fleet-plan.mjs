// `fleet plan` of a file of many nodes, offline, over a start that does nothing: wall time in turns, and peak memory.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { account, benchEnv, median } from './measure.mjs'
import { seedNodes } from './seed.mjs'

/**
 * @param {string} bin bin/run.js
 * @param {{ nodes: number, rounds: number }} options
 */
export async function fleetPlan(bin, { nodes, rounds }) {
  const folder = mkdtempSync(join(tmpdir(), 'akctl-bench-plan-'))
  try {
    const [full, empty] = ['full', 'empty'].map((name) => benchEnv({ AKCTL_HOME: join(folder, name) }))
    const file = join(folder, 'fleet.yaml')
    await seedNodes(
      full.AKCTL_HOME,
      Array.from({ length: nodes }, (_, index) => nodeOf(index + 1)),
    )
    const run = (args, env) => {
      const result = account([bin, ...args], env)
      if (result.status !== 0) throw new Error(`akctl ${args.join(' ')} ended with ${result.status}: ${result.stderr}`)
      return result
    }
    const wrote = run(['fleet', 'export', '-f', file], full)
    const [bare, plans] = [[], []]
    for (let round = -1; round < rounds; round++) {
      const start = run(['nodes', 'list', '--no-status'], empty)
      const plan = run(['fleet', 'plan', '-f', file, '--no-status'], full)
      if (!plan.stderr.includes('no differences')) throw new Error(plan.stderr)
      if (round >= 0) {
        bare.push(start.wall)
        plans.push(plan)
      }
    }
    const over = median(plans.map(({ wall }, round) => wall - bare[round])) / 1000
    const note = `${(median(plans.map(({ wall }) => wall)) / 1000).toFixed(2)} s over ${(median(bare) / 1000).toFixed(2)} s; export ${(wrote.wall / 1000).toFixed(1)} s`
    return [
      { name: `akctl fleet plan, ${nodes} nodes, offline: over a bare start`, value: over, unit: 's', target: 1, note },
      { name: 'the same: peak memory', value: Math.max(...plans.map(({ rss }) => rss)), unit: 'MB', note: '' },
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A node with what a fleet's nodes usually have. */
function nodeOf(number) {
  const name = `mx${String(number).padStart(5, '0')}`
  return {
    ...{ name, host: `${name}.example.com`, directory: '/opt/akmta', user: 'deploy', sudo: true },
    addresses: [`10.${(number >> 8) & 255}.${number & 255}.1`],
    labels: { env: 'prod', role: 'relay' },
    settings: { 'esmtp-connection-timeout': 20, 'spool-cleaner-timeout': 259200 },
  }
}
