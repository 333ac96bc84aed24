import type { SettingKey } from '../../node/settings.ts'
import type { Support } from '../driver.ts'
import { OBSERVER } from '../shared/observer.ts'

const native = (what: string): Support => ({ level: 'native', what })
const nearest = (what: string): Support => ({ level: 'nearest', what })
const unsupported = (what: string): Support => ({ level: 'unsupported', what })

const NO_FETCHER = 'Haraka takes mail by SMTP only; nothing on this node fetches it from RabbitMQ'
const NO_EVENTS = 'Haraka keeps no event channel; nothing on this node publishes events'

/** What each setting becomes in Haraka; the wording is shown by `settings describe`. */
export const HARAKA_SUPPORT: Readonly<Record<SettingKey, Support>> = {
  'priority-channel-size': unsupported(NO_FETCHER),
  'other-channel-size': unsupported(NO_FETCHER),
  'spool-channel-size': nearest('outbound.ini concurrency_max: deliveries in progress, new mail and retries together'),
  'spool-writers': unsupported(NO_FETCHER),
  'retry-channel-size': nearest('akctl/retry_limit: messages that failed before and are being delivered at the same time'),
  'event-channel-size': unsupported(NO_EVENTS),
  'spool-cleaner-timeout': nearest(
    'outbound.ini temp_fail_intervals add up to these days, and akctl/spool_age gives an older message one last attempt; the sender gets a bounce',
  ),
  'dns-lookup-timeout': nearest(
    'net-utils.ini [dns] timeout and tries: up to 5 s one try, then two or three that together take about as long; of a name server that has been quick so far the resolver expects answers sooner',
  ),
  'dns-cache-expire': nearest(
    'akctl/dns_cache: MX and address records of destinations, whatever their own time to live; 0: none',
  ),
  'rmq-consumers-per-sender': unsupported(NO_FETCHER),
  'spool-readers': unsupported('one Haraka process reads its spool; its cluster mode would forget spooled messages at a restart'),
  'eventer-readers': unsupported(NO_EVENTS),
  'esmtp-connection-timeout': nearest('outbound.ini connect_timeout; Haraka waits as long for each later answer of the session'),
  'fetcher-prior-spool-timeout': unsupported(NO_FETCHER),
  'rebuilder-workers': unsupported('Haraka rebuilds no messages: what it spooled it delivers or bounces'),
  'fbl-header-name': native('akctl/fbl_header renames the header X-FBL of every message that is spooled'),
  'smtp-admin-email': nearest('the From line of bounces (outbound.bounce_message); Haraka sends its administrator no other mail'),
  'pop3-listen-only-interfaces': unsupported('Haraka has no POP3'),
  'smtp-listen-only-interfaces': native('smtp.ini listen: these addresses, with the ports of the base'),
  'smtp-responses-to-syslog': native(
    'akctl/smtp_responses: a line for each delivery, deferral and bounce, by logger(1), facility mail',
  ),
  'mta-observer': nearest(OBSERVER),
  profiling: nearest('akctl/profiler: SIGUSR2 to the MTA records 30 s into profiles/*.cpuprofile'),
  'clear-spool-after-delivery': native(
    "on: Haraka's own way; off: akctl/keep_delivered keeps a hard link of every delivered message in kept/, which nothing empties",
  ),
}
