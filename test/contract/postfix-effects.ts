import { type Effects, native, nearest, unsupported } from './support-contract.ts'

const DAY = 86_400

/** What must become of each of the 23 settings in what an instance of Postfix reads. */
export const POSTFIX_EFFECTS: Effects = {
  'priority-channel-size': nearest(37, { 'master.cf': ['+prio unix - - n - 37 smtp'] }),
  'other-channel-size': nearest(37, { 'main.cf': ['+qmgr_message_active_limit = 37'] }),
  'spool-channel-size': nearest(37, {
    'master.cf': [
      ...['-smtp unix - - n - - smtp', '-relay unix - - n - - smtp'],
      ...['+smtp unix - - n - 37 smtp', '+relay unix - - n - 37 smtp'],
    ],
  }),
  'spool-writers': nearest(3, {
    'master.cf': ['-127.0.0.1:PORT inet n - n - - smtpd', '+127.0.0.1:PORT inet n - n - 3 smtpd'],
  }),
  'retry-channel-size': unsupported(37),
  'event-channel-size': unsupported(37),
  'spool-cleaner-timeout': native(3 * DAY, {
    'main.cf': ['+maximal_queue_lifetime = 3d', '+bounce_queue_lifetime = 3d'],
  }),
  'dns-lookup-timeout': nearest(7, {
    // After what this version of Postfix takes over by itself.
    'main.cf': [
      expect.stringMatching(/^\+import_environment = MAIL_CONFIG .* \{ RES_OPTIONS=timeout:7 attempts:2 \}$/) as string,
    ],
  }),
  'dns-cache-expire': unsupported(77),
  'rmq-consumers-per-sender': unsupported(3),
  'spool-readers': unsupported(3),
  'eventer-readers': unsupported(3),
  'esmtp-connection-timeout': native(17, { 'main.cf': ['+smtp_connect_timeout = 17s', '+smtp_helo_timeout = 17s'] }),
  'fetcher-prior-spool-timeout': unsupported(37),
  'rebuilder-workers': unsupported(3),
  'fbl-header-name': native('X-Complaint', {
    'akctl-fbl': ['+/^X-FBL:(.*)$/ REPLACE X-Complaint:$1'],
    'main.cf': ['+smtp_header_checks = regexp:$config_directory/akctl-fbl'],
  }),
  'smtp-admin-email': native('ops@example.org', {
    'main.cf': ['error', 'bounce', '2bounce', 'delay'].map((of) => `+${of}_notice_recipient = ops@example.org`),
  }),
  'pop3-listen-only-interfaces': unsupported(['127.0.0.9']),
  'smtp-listen-only-interfaces': native(['127.0.0.8', '127.0.0.9'], {
    'master.cf': [
      '-127.0.0.1:PORT inet n - n - - smtpd',
      ...['+127.0.0.8:PORT inet n - n - - smtpd', '+127.0.0.9:PORT inet n - n - - smtpd'],
    ],
  }),
  'smtp-responses-to-syslog': native(true, { 'main.cf': ['-maillog_file = DIR/log/mail.log', '+maillog_file ='] }),
  'mta-observer': nearest(true, {}),
  profiling: unsupported(true),
  'clear-spool-after-delivery': unsupported(false),
}
