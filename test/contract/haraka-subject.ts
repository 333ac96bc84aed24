import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { Settings } from '../../src/node/settings.ts'
import { harakaArchive, HarakaNode, harakaPids } from '../support/haraka.ts'
import { freePort } from '../support/ports.ts'
import { ADDRESS } from './addresses-contract.ts'
import type { DriverSubject } from './driver-contract.ts'
import { HARAKA_EFFECTS } from './haraka-effects.ts'

/** The list that akctl's own plugin takes an address from for each connection. */
function sources(node: { read(path: string): string }): readonly string[] {
  const list = /^\[addresses\]\nlist=(.*)$/m.exec(node.read('akctl/live/conf/config/akctl.ini'))?.[1] ?? ''
  const loaded = node.read('akctl/live/conf/config/plugins').split('\n').includes('akctl/addresses')
  return loaded ? list.split(',').sort() : []
}

/** What Haraka reads, looked at by a reader of its own. */
function holds(node: { read(path: string): string }, settings: Settings): boolean {
  const outbound = node.read('akctl/live/conf/config/outbound.ini')
  const list = node.read('akctl/live/conf/config/plugins').split('\n')
  const size = /^concurrency_max=(.*)$/m.exec(outbound)?.[1]
  const timeout = /^connect_timeout=(.*)$/m.exec(outbound)?.[1]
  const keeps = list.includes('akctl/keep_delivered')
  return (
    // Whatever was set, mail leaves from the node's address.
    sources(node).join() === ADDRESS &&
    size === String(settings['spool-channel-size'] ?? 100) &&
    timeout === (settings['esmtp-connection-timeout'] === undefined ? undefined : String(settings['esmtp-connection-timeout'])) &&
    keeps === (settings['clear-spool-after-delivery'] === false)
  )
}

/** Haraka, as the contract suite looks at it. Called at the top of a test file. */
export function harakaSubject(): DriverSubject {
  const taken = createServer()
  beforeAll(() => new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve)))
  afterAll(() => new Promise((resolve) => taken.close(resolve)))
  return {
    name: 'haraka',
    make: async (directory) => {
      const port = await freePort()
      return { node: new HarakaNode({ directory, addresses: [ADDRESS] }, port), listen: `127.0.0.1:${port}` }
    },
    archive: harakaArchive,
    first: { 'spool-channel-size': 7, 'clear-spool-after-delivery': false },
    second: { 'spool-channel-size': 9, 'esmtp-connection-timeout': 12 },
    took: 'restart',
    holds: (node, settings) => Promise.resolve(holds(node, settings)),
    pids: harakaPids,
    file: 'config/smtp.ini',
    comment: '; by hand\n',
    log: 'log/haraka.log',
    spoil: (node) => {
      const address = taken.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      const own = /^listen=(.*)$/m.exec(node.read('base/config/smtp.ini'))?.[1] ?? ''
      return ['config/smtp.ini', `listen=${own},127.0.0.1:${port}\n`]
    },
    relayTo: (node, port) =>
      writeFileSync(
        join(node.directory, 'base/config/relay_dest_domains.ini'),
        `[domains]\nany={"nexthop":"127.0.0.1:${port}"}\n`,
      ),
    sources,
    effects: HARAKA_EFFECTS,
  }
}
