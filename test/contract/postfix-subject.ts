import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LocalNode } from '../support/local-node.ts'
import { masterPids, parameter, postfixNode } from '../support/postfix.ts'
import { ADDRESS } from './addresses-contract.ts'
import type { DriverSubject } from './driver-contract.ts'
import { POSTFIX_EFFECTS } from './postfix-effects.ts'

/**
 * The addresses that the transports which mail can take are bound to, as Postfix's own tool tells them. A transport that is
 * not bound, or that may leave its address when it can't have it, sends from anywhere.
 */
function sources(node: LocalNode): readonly string[] {
  const conf = join(node.directory, 'akctl/live/conf')
  const names = parameter(node.directory, 'sender_dependent_default_transport_maps').match(/[\w-]+(?=:[,}])/g) ?? []
  const found = ['smtp', 'relay', ...names].flatMap((name) => {
    const said = execFileSync('postconf', ['-c', conf, '-P', `${name}/unix`], { encoding: 'utf8' })
    const value = (key: string): string | undefined => new RegExp(`/${key} = (.+)$`, 'm').exec(said)?.[1]
    if (value('smtp_bind_address_enforce') !== 'yes') return [`anywhere by ${name}`]
    return [value('smtp_bind_address'), value('smtp_bind_address6')].filter((address) => address !== undefined)
  })
  return [...new Set(found)].sort()
}

/** Postfix, as the contract suite looks at it. */
export const postfixSubject: DriverSubject = {
  name: 'postfix',
  make: (directory) => postfixNode(directory, { addresses: [ADDRESS] }),
  first: { 'esmtp-connection-timeout': 11, 'spool-cleaner-timeout': 2 * 86_400 },
  second: { 'esmtp-connection-timeout': 22 },
  took: 'reload',
  holds: (node, settings) =>
    Promise.resolve(
      // Whatever was set, mail leaves from the node's address.
      sources(node).join() === ADDRESS &&
        parameter(node.directory, 'smtp_connect_timeout') === `${String(settings['esmtp-connection-timeout'])}s` &&
        parameter(node.directory, 'bounce_queue_lifetime') === (settings['spool-cleaner-timeout'] === undefined ? '5d' : '2d'),
    ),
  pids: (where) => masterPids(where),
  file: 'main.cf',
  comment: '# a comment\n',
  log: 'log/mail.log',
  spoil: () => ['master.cf', '203.0.113.77:2599 inet n - n - - smtpd\n'],
  relayTo: (node, port) => appendFileSync(join(node.directory, 'base/main.cf'), `relayhost = [127.0.0.1]:${port}\n`),
  sources,
  effects: POSTFIX_EFFECTS,
}
