/* eslint "jest/expect-expect": "off" -- asserted by BrokenRuns */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BrokenRuns } from '../support/broken-runs.ts'
import type { Place } from '../support/kill-lines.ts'
import { newOrder } from '../support/local-node.ts'
import { masterPids, postfixFolder, postfixNode } from '../support/postfix.ts'
import { childrenOf, isAtWork } from '../support/processes.ts'

const folder = postfixFolder()
const directory = join(folder, 'mta')
const base = join(directory, 'base/main.cf')

let runs: BrokenRuns
/** Whether the settings hold one that needs a restart. */
let restarting = false

beforeAll(async () => {
  writeFileSync(join(folder, 'postfix-script'), '#!/bin/sh\nexit 1\n', { mode: 0o755 })
  const { node, listen } = await postfixNode(directory)
  await node.install({ listen, hostname: 'mx.example.com' })
  await node.connection.start(newOrder())
  runs = new BrokenRuns({
    node,
    folder,
    settingsOf: (n) => {
      const both = { 'spool-writers': (n % 64) + 1, 'esmtp-connection-timeout': n }
      return restarting ? { ...both, 'dns-lookup-timeout': (n % 30) + 1 } : both
    },
    numberIn,
    pids: () => masterPids(directory),
    reader: (pid) => childrenOf(pid).find((child) => isAtWork(child, 'qmgr')),
    spoil,
    processes: `cat /proc/$(cat '${directory}/queue/pid/master.pid')/task/*/children`,
    late: /kill -TERM|postfix -c "\$CONF" start/, // the master ends, or has its first child, a while after
  })
  await runs.settle()
})

/** The number in both files. */
function numberIn(conf: string): number {
  const timeout = /^smtp_connect_timeout = (\d+)s$/m.exec(readFileSync(join(conf, 'main.cf'), 'utf8'))?.[1]
  const writers = /^\S+ +inet +\S+ +\S+ +\S+ +\S+ +(\d+) +smtpd$/m.exec(readFileSync(join(conf, 'master.cf'), 'utf8'))?.[1]
  if (timeout === undefined || (Number(timeout) % 64) + 1 !== Number(writers)) throw new Error(`a mix: ${timeout} and ${writers}`)
  return Number(timeout)
}

/** Postfix finds other programs instead of its own, which only a start tells. */
function spoil(): () => void {
  const sound = readFileSync(base, 'utf8')
  appendFileSync(base, `import_environment = A\ndaemon_directory = ${folder}\n`)
  return () => writeFileSync(base, sound)
}

test('a sync that reloads, killed with -9 after each of its lines: old or new, never a mix', async () => {
  const [before, after] = await runs.places(runs.sync)
  expect(before.length).toBeGreaterThan(10)
  expect(after.length).toBeGreaterThan(5)
  await runs.untouchedByKills(runs.sync, before)
  for (const place of after) await runs.survivesKill(runs.sync, place)
}, 600_000)

test('a sync that restarts, killed after each line of the restart', async () => {
  restarting = true
  await runs.settle()
  const master = masterPids(directory)
  const [, places] = await runs.places(runs.sync, 'rv_take_in')
  expect(masterPids(directory)).not.toEqual(master)
  for (const place of places) await runs.survivesKill(runs.sync, place)
  restarting = false
  await runs.settle()
}, 600_000)

test('the way back from a revision that does not come up, killed after each of its lines, and cut off', async () => {
  const [, places] = await runs.places(runs.failing, 'rv_return() {')
  for (const step of ['/failed"', '.$1.new', 'ak_link live', 'start </dev/null', '$AK/loaded', '$AK/orders']) {
    expect(places.map(({ text }) => text)).toContainEqual(expect.stringContaining(step))
  }
  await runs.survivesCut(runs.failing, places[0] as Place)
  for (const place of places) await runs.survivesKill(runs.failing, place)
}, 600_000)

test('a sync whose link is cut after each of its lines ends as it would have, and akctl says unknown', async () => {
  await runs.survivesCuts(runs.sync, await runs.places(runs.sync))
}, 600_000)

test('a rollback, killed after each of its lines up to the commit, and cut off', async () => {
  await runs.survivesBrokenRollbacks()
}, 600_000)
