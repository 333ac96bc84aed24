import { isIPv4 } from 'node:net'
import type { SettingKey } from '../../node/settings.ts'
import type { Installation, Support } from '../driver.ts'
import { OBSERVER } from '../shared/observer.ts'
import { isSystem } from './system.ts'

const native = (what: string): Support => ({ level: 'native', what })
const nearest = (what: string): Support => ({ level: 'nearest', what })
const unsupported = (what: string): Support => ({ level: 'unsupported', what })

const NO_FETCHER = 'Postfix takes mail in by SMTP only; what reads RabbitMQ is not part of it'

/** What each setting becomes on a Postfix instance of its own. Parameters: postconf(5), master(5). */
const OWN: Readonly<Record<SettingKey, Support>> = {
  'priority-channel-size': nearest(
    'process limit of the transport `prio`, which takes what a listener of the base with `-o content_filter=prio:` lets in; it counts deliveries in progress',
  ),
  'other-channel-size': nearest('qmgr_message_active_limit; new and deferred mail share the active queue'),
  'spool-channel-size': nearest(
    'process limit of the smtp transport (shared among the sending addresses); it counts deliveries in progress',
  ),
  'spool-writers': nearest('process limit of each smtpd listener: as many sessions write to the queue at once'),
  'retry-channel-size': unsupported('new and deferred mail share the same queue and transports'),
  'event-channel-size': unsupported('Postfix has no events; its log is read as it is written'),
  'spool-cleaner-timeout': native('maximal_queue_lifetime, bounce_queue_lifetime; what is too old is returned to its sender'),
  'dns-lookup-timeout': nearest(
    'RES_OPTIONS in import_environment: libc waits that long for each name server, twice; needs a restart',
  ),
  'dns-cache-expire': unsupported('Postfix keeps no DNS cache; a resolver on the node does'),
  'rmq-consumers-per-sender': unsupported(NO_FETCHER),
  'spool-readers': unsupported('the queue manager is one process'),
  'eventer-readers': unsupported('Postfix has no events; its log is read as it is written'),
  'esmtp-connection-timeout': native('smtp_connect_timeout, and smtp_helo_timeout for the greeting'),
  'fetcher-prior-spool-timeout': unsupported(NO_FETCHER),
  'rebuilder-workers': unsupported('Postfix rebuilds no messages; what expires is returned to its sender'),
  'fbl-header-name': native('smtp_header_checks: the header X-FBL gets this name as mail leaves'),
  'smtp-admin-email': native(
    'error_notice_recipient, bounce_notice_recipient, 2bounce_notice_recipient, delay_notice_recipient; notify_classes of the base says which notices are sent',
  ),
  'pop3-listen-only-interfaces': unsupported('Postfix speaks no POP3'),
  'smtp-listen-only-interfaces': native('the first smtpd listener of master.cf, on each of these addresses'),
  'smtp-responses-to-syslog': native(
    'maillog_file: empty when on (then all of the log goes to syslog), the log file of the instance when off',
  ),
  'mta-observer': nearest(OBSERVER),
  profiling: unsupported('Postfix is a C program without a profiler'),
  'clear-spool-after-delivery': unsupported('Postfix always deletes delivered mail and cannot keep it'),
}

const NO_MASTER = "needs master.cf, which akctl leaves alone in the system's Postfix"

/** What differs where akctl owns parameters of the system's main.cf instead of files. */
const SYSTEM: Readonly<Partial<Record<SettingKey, Support>>> = {
  'priority-channel-size': unsupported(`a transport of its own ${NO_MASTER}`),
  'spool-channel-size': unsupported(`the process limit of a transport ${NO_MASTER}`),
  'spool-writers': unsupported(`the process limit of a listener ${NO_MASTER}`),
  'smtp-listen-only-interfaces': native('inet_interfaces; a listener that names its address in master.cf keeps it'),
  'smtp-responses-to-syslog': native('maillog_file: empty when on, /var/log/postfix.log when off'),
}

/** What a setting becomes in this installation. */
export function postfixSupport(key: SettingKey, installation: Installation): Support {
  return (isSystem(installation) ? SYSTEM[key] : undefined) ?? OWN[key]
}

/** Why an installation can't send from these addresses; undefined when it can. */
export function addressProblem(installation: Pick<Installation, 'directory' | 'addresses'>): string | undefined {
  const v4 = installation.addresses.filter((address) => isIPv4(address)).length
  if (!isSystem(installation) || Math.max(v4, installation.addresses.length - v4) <= 1) return undefined
  return `several sending addresses of one family: a transport for each ${NO_MASTER}; give one IPv4 and one IPv6 address at most, or an instance of its own (another --dir)`
}
