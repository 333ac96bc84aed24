/* eslint "jest/expect-expect": "off" -- asserted by BrokenRuns */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BrokenRuns } from '../support/broken-runs.ts'
import { type HarakaNode, harakaNodes, harakaPids } from '../support/haraka.ts'
import type { Passed, Place } from '../support/kill-lines.ts'
import { tempDir } from '../support/temp.ts'

const folder = tempDir()
const make = harakaNodes()

let node: HarakaNode
let runs: BrokenRuns
let before: readonly Passed[]
let after: readonly Passed[]

beforeAll(async () => {
  node = await make()
  ownNode(node.directory)
  const { directory } = node
  runs = new BrokenRuns({
    node,
    folder,
    settingsOf: (n) => ({ 'spool-channel-size': n, 'smtp-admin-email': `n${n}@example.com`, 'retry-channel-size': n }),
    numberIn,
    pids: () => harakaPids(directory),
    reader: (pid) => pid,
    spoil,
    processes: `cat '${directory}/run/haraka.pid' /proc/$(cat '${directory}/run/haraka.pid')/comm`,
    // A process ends, or writes its pid file, a while after.
    late: /kill -s|hk_gone "|ak_link live|_started=|hk_alive "/,
  })
  await runs.settle()
  ;[before, after] = await runs.places(runs.sync)
}, 120_000)

/**
 * A Node.js of the node's own, as it is where the machine had none: the machine's, but the check of a configuration (a process
 * that loads all of Haraka) takes everything, and Haraka ends at once where its configuration says so.
 */
function ownNode(directory: string): void {
  mkdirSync(join(directory, 'runtime/bin'), { recursive: true })
  const lines = ['#!/bin/sh', 'case $1 in */check.js) exit 0 ;; esac', '[ ! -e "$HARAKA/config/spoilt" ] || exit 1']
  writeFileSync(join(directory, 'runtime/bin/node'), [...lines, `exec '${process.execPath}' "$@"`, ''].join('\n'), {
    mode: 0o755,
  })
}

function spoil(): () => void {
  node.base('spoilt', '')
  return () => rmSync(join(node.directory, 'base/config/spoilt'))
}

/** The number in all three files. */
function numberIn(conf: string): number {
  const read = (file: string, line: RegExp): number => Number(line.exec(readFileSync(join(conf, 'config', file), 'utf8'))?.[1])
  const size = read('outbound.ini', /^concurrency_max=(\d+)$/m)
  const sender = read('outbound.bounce_message', /^From: n(\d+)@/m)
  const retries = read('akctl.ini', /^size=(\d+)$/m)
  if (size !== sender || size !== retries) throw new Error(`a mix: ${size}, ${sender}, ${retries}`)
  return size
}

test('killed after each line before the commit: the old revision is current, and its process knows nothing of it', async () => {
  expect(before.length).toBeGreaterThan(15)
  await runs.untouchedByKills(runs.sync, before)
}, 600_000)

test('killed after each line from the commit on: old or new, never a mix', async () => {
  for (const step of ['mv -T "$NEW"', 'was-current', 'kill -s', 'ak_link live', '_started=', 'loaded']) {
    expect(after.map(({ text }) => text)).toContainEqual(expect.stringContaining(step))
  }
  for (const place of after) await runs.survivesKill(runs.sync, place)
}, 600_000)

test('the way back from a revision that does not come up, killed after each of its lines, and cut off', async () => {
  const [, places] = await runs.places(runs.failing, 'rv_return() {')
  for (const step of ['/failed"', '.$1.new', 'ak_link live', '_started=', '$AK/loaded', '$AK/orders']) {
    expect(places.map(({ text }) => text)).toContainEqual(expect.stringContaining(step))
  }
  await runs.survivesCut(runs.failing, places[0] as Place)
  for (const place of places) await runs.survivesKill(runs.failing, place)
}, 600_000)

test('a sync whose link is cut after each of its lines ends as it would have, and akctl says unknown', async () => {
  await runs.survivesCuts(runs.sync, [before, after])
}, 600_000)

test('a rollback, killed after each of its lines up to the commit, and cut off', async () => {
  await runs.survivesBrokenRollbacks()
}, 600_000)
