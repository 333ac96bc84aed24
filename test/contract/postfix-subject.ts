import { masterPids, parameter, postfixNode } from '../support/postfix.ts'
import type { DriverSubject } from './driver-contract.ts'

/** Postfix, as the contract suite looks at it. */
export const postfixSubject: DriverSubject = {
  name: 'postfix',
  make: (directory) => postfixNode(directory),
  first: { 'esmtp-connection-timeout': 11, 'spool-cleaner-timeout': 2 * 86_400 },
  second: { 'esmtp-connection-timeout': 22 },
  took: 'reload',
  holds: (node, settings) =>
    Promise.resolve(
      parameter(node.directory, 'smtp_connect_timeout') === `${String(settings['esmtp-connection-timeout'])}s` &&
        parameter(node.directory, 'bounce_queue_lifetime') === (settings['spool-cleaner-timeout'] === undefined ? '5d' : '2d'),
    ),
  pids: (where) => masterPids(where),
  file: 'main.cf',
  comment: '# a comment\n',
  log: 'log/mail.log',
  spoil: () => ['master.cf', '203.0.113.77:2599 inet n - n - - smtpd\n'],
  support: {
    'priority-channel-size': 'nearest',
    'other-channel-size': 'nearest',
    'spool-channel-size': 'nearest',
    'spool-writers': 'nearest',
    'retry-channel-size': 'unsupported',
    'event-channel-size': 'unsupported',
    'spool-cleaner-timeout': 'native',
    'dns-lookup-timeout': 'nearest',
    'dns-cache-expire': 'unsupported',
    'rmq-consumers-per-sender': 'unsupported',
    'spool-readers': 'unsupported',
    'eventer-readers': 'unsupported',
    'esmtp-connection-timeout': 'native',
    'fetcher-prior-spool-timeout': 'unsupported',
    'rebuilder-workers': 'unsupported',
    'fbl-header-name': 'native',
    'smtp-admin-email': 'native',
    'pop3-listen-only-interfaces': 'unsupported',
    'smtp-listen-only-interfaces': 'native',
    'smtp-responses-to-syslog': 'native',
    'mta-observer': 'nearest',
    profiling: 'unsupported',
    'clear-spool-after-delivery': 'unsupported',
  },
}
