import { UsageError } from '../outcome/errors.ts'
import { quote } from '../script/quote.ts'

/** How a watch is started again by somebody else than a shell of the user. */
export interface Invocation {
  /** Program and arguments. */
  readonly words: readonly string[]
  readonly directory: string
  readonly user: string
  readonly env: Readonly<Record<string, string>>
}

/** A systemd unit that keeps watching. @param stopTimeout seconds that a restart under way may take to end */
export function unitText({ words, directory, user, env }: Invocation, stopTimeout: number): string {
  const [program = '', ...args] = words
  return [
    '[Unit]',
    'Description=akctl watches the mail servers of its nodes',
    'After=network-online.target',
    'Wants=network-online.target',
    '',
    '[Service]',
    'Type=exec',
    `User=${user}`,
    `WorkingDirectory=${directory.replaceAll('%', '%%')}`,
    ...Object.entries(env).map(([name, value]) => `Environment=${unitWord(`${name}=${value}`)}`),
    `ExecStart=${[program, ...args].map((word) => unitWord(word).replaceAll('$', '$$$$')).join(' ')}`,
    'Restart=on-failure',
    'RestartSec=5',
    `TimeoutStopSec=${stopTimeout}`,
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ].join('\n')
}

/** A word as systemd.syntax(7) reads it: in quotes where need be, and no specifier. */
function unitWord(text: string): string {
  const plain = text.replaceAll('%', '%%')
  if (/^[\w@%+=:,./-]+$/.test(plain)) return plain
  return `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`
}

/**
 * A line for crontab(5). Only what goes wrong is printed, so that cron mails it.
 * @param interval seconds between two rounds; cron knows minutes
 * @throws UsageError for a word with a line break, which a crontab can't hold
 */
export function cronLine({ words, directory, env }: Invocation, interval: number): string {
  const minutes = Math.min(59, Math.max(1, Math.round(interval / 60)))
  const variables = Object.entries(env).map(([name, value]) => `${name}=${quote(value)}`)
  const command = [...variables, ...words.map((word) => (/^[\w@+=:,./-]+$/.test(word) ? word : quote(word)))].join(' ')
  const line = `cd ${quote(directory)} && ${command} >/dev/null`
  if (line.includes('\n')) throw new UsageError('a crontab line can hold no line break; put the command into a file of its own')
  return `${minutes === 1 ? '*' : `*/${minutes}`} * * * * ${line.replaceAll('%', '\\%')}`
}
