// Client CPU a host and peak memory of `mta status --all` on a loopback fleet.
import { LoopbackFleet } from './loopback-fleet.mjs'
import { account } from './measure.mjs'
import { hotSpots } from './profile.mjs'

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
    const results = Array.from({ length: runs }, () => account(args, fleet.env))
    for (const result of results) check(result, hosts)
    const best = results.reduce((a, b) => (a.cpu < b.cpu ? a : b))
    if (profile !== undefined) {
      account(['--cpu-prof', `--cpu-prof-dir=${profile}`, ...args], fleet.env)
      console.log(hotSpots(profile))
    }
    const note = `${(best.wall / 1000).toFixed(1)} s for ${hosts} hosts, ${hosts === 0 ? 0 : (best.cpu / 1000).toFixed(2)} s of CPU`
    return [
      {
        name: `akctl mta status --all, ${hosts} SSH hosts: client CPU a host`,
        value: best.cpu / hosts,
        unit: 'ms',
        target: 12,
        note,
      },
      { name: 'the same: peak memory', value: Math.max(...results.map(({ rss }) => rss)), unit: 'MB', target: 150, note: '' },
    ]
  } finally {
    await fleet.down()
  }
}

/** @throws Error unless every host answered that its Postfix runs */
function check({ status, stdout, stderr }, hosts) {
  const { nodes = [] } = status === 0 ? JSON.parse(stdout) : {}
  const running = nodes.filter(
    ({ outcome, result }) => outcome === 'ok' && JSON.stringify(result).includes('"running":true'),
  ).length
  if (status !== 0 || running !== hosts)
    throw new Error(`status ended with ${status}, ${running} of ${hosts} running:\n${stderr.slice(0, 2000)}`)
}
