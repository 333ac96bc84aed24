// Client CPU a host and peak memory of `mta status --all` on a loopback fleet.
import { fileURLToPath } from 'node:url'
import { LoopbackFleet, PORT } from './loopback-fleet.mjs'
import { account } from './measure.mjs'
import { plainBuild } from './plain-build.mjs'
import { hotSpots } from './profile.mjs'

const BARE = fileURLToPath(new URL('bare-ssh2.mjs', import.meta.url))

/**
 * @param {string} bin bin/run.js
 * @param {{ hosts: number, runs: number, profile?: string }} options profile: a folder for CPU profiles
 */
export async function fleetStatus(bin, { hosts, runs, profile }) {
  const fleet = new LoopbackFleet(bin, hosts)
  try {
    await fleet.up()
    const args = [bin, 'mta', 'status', '--all', '--json']
    account(args, fleet.env) // warms the code cache
    const bare = []
    const results = []
    for (let run = 0; run < runs; run++) {
      bare.push(account([BARE, String(hosts), String(PORT), fleet.key], fleet.env))
      results.push(account(args, fleet.env))
    }
    for (const result of results) check(result, hosts)
    const same = account([BARE, String(hosts), String(PORT), fleet.key, await fleet.statusCommand()], fleet.env)
    const least = (all) => all.reduce((a, b) => (a.cpu < b.cpu ? a : b))
    const best = least(results)
    if (profile !== undefined) {
      account(['--cpu-prof', `--cpu-prof-dir=${profile}`, await plainBuild(), ...args.slice(1)], fleet.env)
      console.log(hotSpots(profile))
    }
    const note = `${(best.wall / 1000).toFixed(1)} s, ${(best.cpu / 1000).toFixed(2)} s of CPU`
    return [
      {
        name: `akctl mta status --all, ${hosts} SSH hosts: client CPU a host`,
        value: best.cpu / hosts,
        unit: 'ms',
        target: 12,
        note,
      },
      { name: 'the same: peak memory', value: Math.max(...results.map(({ rss }) => rss)), unit: 'MB', target: 150, note: '' },
      { name: 'bare ssh2, login and `true`, in the same run', value: least(bare).cpu / hosts, unit: 'ms', note: '' },
      { name: 'bare ssh2, login and the very script of status', value: same.cpu / hosts, unit: 'ms', note: '' },
    ]
  } finally {
    await fleet.down()
  }
}

/** @throws Error unless every host answered that its Postfix runs */
function check({ status, stdout, stderr }, hosts) {
  const { nodes = [] } = stdout === '' ? {} : JSON.parse(stdout)
  const running = nodes.filter(
    ({ outcome, result }) => outcome === 'ok' && JSON.stringify(result).includes('"running":true'),
  ).length
  if (status === 0 && running === hosts) return
  const first = nodes.find(({ outcome }) => outcome !== 'ok')
  const why = first === undefined ? stderr.slice(0, 2000) : JSON.stringify(first)
  throw new Error(`status ended with ${status}, ${running} of ${hosts} running; the first that is not: ${why}`)
}
