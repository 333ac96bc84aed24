import { isIPv4 } from 'node:net'
import type { SettingKey, Settings, SettingValue } from '../../node/settings.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { Edit, Installation } from '../driver.ts'
import { addressProblem, postfixSupport } from './support.ts'

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
  'esmtp-connection-timeout': (value) => [
    ['main', 'smtp_connect_timeout', `${String(value)}s`],
    ['main', 'smtp_helo_timeout', `${String(value)}s`],
  ],
  'fbl-header-name': (value) => [['fbl', String(value)]],
  'smtp-admin-email': (value) =>
    // In main.cf `$name` would be expanded; `$$` is a plain `$`.
    ['error', 'bounce', '2bounce', 'delay'].map((notice) => [
      'main',
      `${notice}_notice_recipient`,
      String(value).replaceAll('$', '$$$$'),
    ]),
  'smtp-listen-only-interfaces': (value) => [['listen', (value as readonly string[]).join(',')]],
  'smtp-responses-to-syslog': (value) => [['syslog', value === true ? 'yes' : 'no']],
}

/**
 * The edits of the set settings and of the node's own addresses (see render.sh for the words).
 * @throws UsageError for sending addresses that the system's Postfix can't have
 */
export function postfixEdits(settings: Settings, installation: Installation): readonly Edit[] {
  const supported = (key: SettingKey): boolean => postfixSupport(key, installation).level !== 'unsupported'
  const edits = Object.entries(RULES).flatMap(([key, rule]) => {
    const value = settings[key as SettingKey]
    return value === undefined || !supported(key as SettingKey) ? [] : rule(value)
  })
  const size = supported('spool-channel-size') ? settings['spool-channel-size'] : undefined
  return [...edits, ...deliveryEdits(size, installation)]
}

/** Sending addresses and the number of delivering processes belong together: the addresses share the processes. */
function deliveryEdits(size: SettingValue | undefined, installation: Installation): readonly Edit[] {
  const { addresses } = installation
  const v4 = addresses.filter((address) => isIPv4(address))
  const v6 = addresses.filter((address) => !isIPv4(address))
  const transports = Math.max(v4.length, v6.length, 1)
  const problem = addressProblem(installation)
  if (problem !== undefined) throw new UsageError(problem)
  const each = size === undefined ? '-' : String(Math.ceil(Number(size) / transports))
  const limits = size === undefined ? [] : ['smtp/unix', 'relay/unix'].map((service) => ['maxproc', service, String(size)])
  if (addresses.length === 0) return limits
  return [...limits, ['sources', each, v4.join(',') || '-', v6.join(',') || '-']]
}
