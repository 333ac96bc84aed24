// Client CPU a host and peak memory of `fleet plan` and `fleet apply` of one setting on a loopback fleet.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { LoopbackFleet } from './loopback-fleet.mjs'
import { account } from './measure.mjs'
import { plainBuild } from './plain-build.mjs'
import { hotSpots } from './profile.mjs'

/** Client CPU a host that a plan, and an apply, may take. */
const TARGET = 15

/**
 * @param {string} bin bin/run.js
 * @param {{ hosts: number, runs: number, profile?: string }} options profile: a folder for CPU profiles
 */
export async function fleetApply(bin, { hosts, runs, profile }) {
  const fleet = new LoopbackFleet(bin, hosts, { own: true })
  try {
    await fleet.up()
    const file = join(fleet.folder, 'fleet.yaml')
    fleet.akctl('settings', 'set', '--defaults', 'esmtp-connection-timeout=20s')
    fleet.akctl('fleet', 'export', '-f', file)
    const all = { plan: [], apply: [] }
    for (let run = 0; run <= runs; run++) {
      tell(file, 30 + run)
      for (const [verb, results] of Object.entries(all)) {
        const result = account([bin, 'fleet', verb, '-f', file, '--json', ...(verb === 'apply' ? ['--yes'] : [])], fleet.env)
        check(verb, result, hosts)
        if (run > 0) results.push(result) // the first one tells the nodes everything, and warms the code cache
      }
    }
    if (profile !== undefined) {
      tell(file, 29)
      account(['--cpu-prof', `--cpu-prof-dir=${profile}`, await plainBuild(), 'fleet', 'apply', '-f', file, '--yes'], fleet.env)
      console.log(hotSpots(profile))
    }
    return Object.entries(all).flatMap(([verb, results]) => rowsOf(verb, results, hosts))
  } finally {
    await fleet.down()
  }
}

/** Changes the setting in a fleet file. */
function tell(file, seconds) {
  const text = readFileSync(file, 'utf8')
  writeFileSync(file, text.replace(/esmtp-connection-timeout:.*/, `esmtp-connection-timeout: ${seconds}s`))
}

function rowsOf(verb, results, hosts) {
  const best = results.reduce((a, b) => (a.cpu < b.cpu ? a : b))
  const name = `akctl fleet ${verb} of one setting, ${hosts} SSH hosts: client CPU a host`
  return [
    { name, value: best.cpu / hosts, unit: 'ms', target: TARGET, note: `${(best.wall / 1000).toFixed(1)} s` },
    { name: 'the same: peak memory', value: Math.max(...results.map(({ rss }) => rss)), unit: 'MB', note: '' },
  ]
}

/** @throws Error unless every host has something to be told, and was told it */
function check(verb, { status, stdout, stderr }, hosts) {
  const { nodes = [] } = stdout === '' ? {} : JSON.parse(stdout)
  const wanted = verb === 'plan' ? 'ok' : 'changed'
  const good = nodes.filter(({ outcome, result }) => outcome === wanted && (verb === 'apply' || result?.syncs === true)).length
  if (status === 0 && good === hosts) return
  const first = nodes.find(({ outcome }) => outcome !== wanted)
  throw new Error(
    `${verb} ended with ${status}, ${good} of ${hosts} as expected: ${first === undefined ? stderr.slice(0, 2000) : JSON.stringify(first)}`,
  )
}
