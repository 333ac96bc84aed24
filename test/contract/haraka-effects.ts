import { type Effects, native, nearest, unsupported } from './support-contract.ts'

const DAY = 86_400

/** What must become of each of the 23 settings in what Haraka reads. */
export const HARAKA_EFFECTS: Effects = {
  'priority-channel-size': unsupported(37),
  'other-channel-size': unsupported(37),
  'spool-channel-size': nearest(37, { 'config/outbound.ini': ['-concurrency_max=100', '+concurrency_max=37'] }),
  'spool-writers': unsupported(3),
  'retry-channel-size': nearest(37, {
    'config/akctl.ini': ['+[retry_limit]', '+size=37'],
    'config/plugins': ['+akctl/retry_limit'],
  }),
  'event-channel-size': unsupported(37),
  'spool-cleaner-timeout': nearest(3 * DAY, {
    'config/akctl.ini': ['+[spool_age]', '+seconds=259200'],
    'config/outbound.ini': ['+temp_fail_intervals=1m,4m,10m,15m,30m,1h,2h,4h*17'],
    'config/plugins': ['+akctl/spool_age'],
  }),
  'dns-lookup-timeout': nearest(7, { 'config/net-utils.ini': ['+[dns]', '+tries=2', '+timeout=2333'] }),
  'dns-cache-expire': nearest(77, {
    'config/akctl.ini': ['+[dns_cache]', '+seconds=77'],
    'config/plugins': ['+akctl/dns_cache'],
  }),
  'rmq-consumers-per-sender': unsupported(3),
  'spool-readers': unsupported(3),
  'eventer-readers': unsupported(3),
  'esmtp-connection-timeout': nearest(17, { 'config/outbound.ini': ['+connect_timeout=17'] }),
  'fetcher-prior-spool-timeout': unsupported(37),
  'rebuilder-workers': unsupported(3),
  'fbl-header-name': native('X-Complaint', {
    'config/akctl.ini': ['+[fbl_header]', '+name="X-Complaint"'],
    'config/plugins': ['+akctl/fbl_header'],
  }),
  'smtp-admin-email': nearest('ops@example.org', {
    'config/outbound.bounce_message': ['-From: MAILER-DAEMON@{me}', '+From: ops@example.org'],
  }),
  'pop3-listen-only-interfaces': unsupported(['127.0.0.9']),
  'smtp-listen-only-interfaces': native(['127.0.0.8', '127.0.0.9'], {
    'config/smtp.ini': ['-listen=127.0.0.1:PORT', '+listen=127.0.0.8:PORT,127.0.0.9:PORT'],
  }),
  'smtp-responses-to-syslog': native(true, { 'config/plugins': ['+akctl/smtp_responses'] }),
  'mta-observer': nearest(true, {}),
  profiling: nearest(true, {
    'config/akctl.ini': ['+[profiler]', '+folder=DIR/profiles'],
    'config/plugins': ['+akctl/profiler'],
  }),
  'clear-spool-after-delivery': native(false, {
    'config/akctl.ini': ['+[keep_delivered]', '+folder=DIR/kept'],
    'config/plugins': ['+akctl/keep_delivered'],
  }),
}
