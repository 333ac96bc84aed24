// A main.cf of which akctl owns parameters: a sync killed after each of its lines leaves the old ones or the new ones.
import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import type { Order } from '../../src/connection/port.ts'
import { postfix } from '../../src/mta/postfix/driver.ts'
import { applyScript } from '../../src/mta/shared/operations.ts'
import type { Settings } from '../../src/node/settings.ts'
import { syncedOf } from '../../src/node/state.ts'
import { UnknownOutcomeError } from '../../src/outcome/errors.ts'
import type { Script } from '../../src/script/script.ts'
import { killedAfter, passed } from '../support/kill-lines.ts'
import { LocalNode, newOrder, newSync } from '../support/local-node.ts'
import { postfixFolder } from '../support/postfix.ts'

const folder = postfixFolder()
/** Where a second instance of the system's Postfix would be: only there akctl takes a configuration over. */
const directory = `/etc/postfix-aktest${process.pid}`
const main = join(directory, 'main.cf')
/** The administrator's own, with values that akctl will own, give back, and never touch. */
const OWN = `# mine\ncompatibility_level = 3.6\nqueue_directory = ${folder}/queue\nsmtp_connect_timeout =  44s\nmydestination =\n`

let node: LocalNode

/** One number in two parameters that were there or not; the second set owns a third and gives one back. */
function settingsOf(n: number): Settings {
  const either = n % 2 === 0 ? { 'spool-cleaner-timeout': ((n % 30) + 1) * 86_400 } : { 'fbl-header-name': `X-FBL-${n}` }
  return { 'other-channel-size': n, 'esmtp-connection-timeout': n, ...either }
}

/** What main.cf must say, beyond the administrator's own, with these settings. */
function expected(n: number): string[] {
  const days = (n % 30) + 1
  const either =
    n % 2 === 0 ? [`bounce_queue_lifetime = ${days}d`, `maximal_queue_lifetime = ${days}d`] : ['smtp_header_checks = a table']
  return [`qmgr_message_active_limit = ${n}`, `smtp_connect_timeout = ${n}s`, `smtp_helo_timeout = ${n}s`, ...either].sort()
}

/** The parameters in force: main.cf without what is the administrator's alone. */
function inForce(): string[] {
  const lines = readFileSync(main, 'utf8').split('\n')
  return lines.filter((line) => line !== '' && !/^(#|compatibility|queue_dir|mydest)/.test(line)).sort()
}

/** @returns the number that main.cf holds as a whole. @throws when it is neither, or a table is missing */
function numberInForce(candidates: readonly number[]): number {
  const now = inForce()
  const table = now.map((line) => /regexp:(\S+)/.exec(line)?.[1]).find((path) => path !== undefined)
  if (table !== undefined) expect(readFileSync(table, 'utf8')).toMatch(/^\/\^X-FBL:/)
  const found = candidates.find((n) => now.some((line) => line === `qmgr_message_active_limit = ${n}`))
  const plain = now.map((line) => line.replace(/regexp:\S+\/akctl\/tables\/fbl-[0-9a-f]{16}$/, 'a table'))
  expect(plain).toEqual(expected(found ?? -1))
  return found ?? -1
}

afterAll(() => rmSync(directory, { recursive: true, force: true }))

beforeAll(async () => {
  mkdirSync(directory)
  writeFileSync(main, OWN)
  execFileSync('cp', ['/usr/share/postfix/master.cf.dist', join(directory, 'master.cf')])
  node = new LocalNode(postfix, { directory, addresses: [] })
  await node.install({ listen: '127.0.0.1:0', hostname: 'x' })
})

test('old or new, never a mix; the next sync works, and taking all out gives back what was found', async () => {
  expect(readFileSync(main, 'utf8')).toBe(OWN)
  let number = 11
  await node.connection.sync(newSync({ settings: settingsOf(number) }))
  expect(numberInForce([number])).toBe(number)

  const script = (order: Order, n: number): Script<unknown> => {
    const [settings, { installation }] = [settingsOf(n), node]
    const edits = postfix.edits(settings, installation)
    return applyScript(postfix, installation, { head: order, settings, edits, expect: 'any', lockWait: 20, restart: true })
  }
  number += 1
  const all = await passed(
    node.host,
    script(newOrder(), number),
    folder,
    `find '${directory}' ! -name lease -printf '%p %s %l %i\\n'`,
  )
  const places = all.slice(all.findIndex(({ text }) => text.startsWith('rv_commit'))).filter(({ changed }) => changed)
  expect(places.length).toBeGreaterThan(12)
  for (const place of places) {
    const [order, old] = [newOrder(), number]
    number += 1
    const run = runScript(node.host, killedAfter(script(order, number), place), { timeout: 60 })
    const error: unknown = await run.catch((thrown: unknown) => thrown)
    expect({ place, error }).toEqual({ place, error: expect.any(UnknownOutcomeError) as unknown })

    const found = numberInForce([old, number])
    const state = await node.connection.status()
    expect(state.edited).toEqual([])
    expect(state.record?.settings).toEqual(settingsOf(found))
    expect([syncedOf(state, settingsOf(old)), syncedOf(state, settingsOf(number))]).toEqual(
      found === old ? ['yes', 'no'] : ['no', 'yes'],
    )
    const said = await node.connection.order(order.id)
    expect(said.outcome === 'changed' && found === old).toBe(false)

    await node.connection.sync(newSync({ settings: settingsOf(number) }))
    expect(numberInForce([number])).toBe(number)
    expect(readdirSync(directory).sort()).toEqual(['akctl', 'main.cf', 'master.cf'])
  }
  await node.connection.sync(newSync({ settings: {} }))
  expect(readFileSync(main, 'utf8')).toBe(OWN.replace('=  44s', '= 44s'))
}, 600_000)
