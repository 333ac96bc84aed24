import type { SettingKey, Settings, SettingValue } from '../../node/settings.ts'
import type { Edit, Installation } from '../driver.ts'
import { isIPv4 } from 'node:net'

type Rule = (value: SettingValue) => readonly Edit[]

const RULES: Readonly<Partial<Record<SettingKey, Rule>>> = {
  'priority-channel-size': (value) => [['channel', 'prio', String(value)]],
  'other-channel-size': (value) => [['main', 'qmgr_message_active_limit', String(value)]],
  'spool-writers': (value) => [['maxproc', 'smtpd', String(value)]],
  'spool-cleaner-timeout': (value) => [
    ['main', 'maximal_queue_lifetime', `${Number(value) / 86400}d`],
    ['main', 'bounce_queue_lifetime', `${Number(value) / 86400}d`],
  ],
  'dns-lookup-timeout': (value) => [['dns', String(value)]],
  'esmtp-connection-timeout': (value) => [['main', 'smtp_connect_timeout', `${String(value)}s`]],
  'fbl-header-name': (value) => [['fbl', String(value)]],
  'smtp-admin-email': (value) =>
    ['error', 'bounce', '2bounce', 'delay'].map((notice) => ['main', `${notice}_notice_recipient`, String(value)]),
  'smtp-listen-only-interfaces': (value) => [['listen', (value as readonly string[]).join(',')]],
  'smtp-responses-to-syslog': (value) => [['syslog', value === true ? 'yes' : 'no']],
}

/** The edits of the set settings and of the node's own addresses (see render.sh for the words). */
export function postfixEdits(settings: Settings, installation: Installation): readonly Edit[] {
  const edits = Object.entries(RULES).flatMap(([key, rule]) => {
    const value = settings[key as SettingKey]
    return value === undefined ? [] : rule(value)
  })
  return [...edits, ...deliveryEdits(settings['spool-channel-size'], installation.addresses)]
}

/** Sending addresses and the number of delivering processes belong together: the addresses share the processes. */
function deliveryEdits(size: SettingValue | undefined, addresses: readonly string[]): readonly Edit[] {
  const v4 = addresses.filter((address) => isIPv4(address))
  const v6 = addresses.filter((address) => !isIPv4(address))
  const transports = Math.max(v4.length, v6.length, 1)
  const each = size === undefined ? '-' : String(Math.ceil(Number(size) / transports))
  const limits = size === undefined ? [] : ['smtp/unix', 'relay/unix'].map((service) => ['maxproc', service, String(size)])
  if (addresses.length === 0) return limits
  return [...limits, ['sources', each, v4.join(',') || '-', v6.join(',') || '-']]
}
