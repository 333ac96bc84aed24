import * as Flags from '@oclif/core/flags'
import { join } from 'node:path'
import { userInfo } from 'node:os'
import type { WatchedResult, WatchEvent, WatchOptions } from '../../../operations/watch/results.ts'
import { watchOn, watchOnce } from '../../../operations/watch/watch.ts'
import { loadFleet } from '../../../operations/run/fleet.ts'
import { UsageError } from '../../../outcome/errors.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { parseSeconds } from '../../duration.ts'
import { connectionFlags, fanFlags, graceFlag, selectionFlags } from '../../flags.ts'
import { liveLines, refuseDocuments } from '../../live-lines.ts'
import { nodesArg, selectionOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { eventRow, eventText, mtaWatchView, type WatchData } from '../../views/mta-watch.ts'
import { cronLine, type Invocation, unitText } from '../../watch-units.ts'

const GRACE = 180

export default class MtaWatch extends AkctlCommand {
  static override summary = 'watch the MTA of nodes, and restart one that should run and does not'
  static override description =
    'Restarts only where the setting mta-observer is on, and never what an order has stopped. Runs until Ctrl-C or SIGTERM, and prints an event a line; --once looks once, for cron. docs/observer.md tells all.'
  static override examples = [
    '<%= config.bin %> mta watch --all',
    '<%= config.bin %> mta watch -l role=relay --interval 30s --notify \'mail -s "$AKCTL_NODE: $AKCTL_EVENT" ops@example.com\'',
    '<%= config.bin %> mta watch --all --once',
    '<%= config.bin %> mta watch --all --print-unit',
  ]
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...fanFlags(64),
    ...connectionFlags,
    once: Flags.boolean({
      summary: 'look once; exit 0 when all is well or was repaired',
      exclusive: ['print-unit', 'print-cron'],
    }),
    interval: Flags.string({ summary: 'between two looks; the pauses between two tries begin here, too', default: '15s' }),
    'max-tries': Flags.integer({ summary: 'restarts in a row after which a node is given up', default: 5, min: 1, max: 1000 }),
    steady: Flags.string({ summary: 'how long an MTA must run until earlier tries are forgotten', default: '60s' }),
    notify: Flags.string({ summary: 'a command of sh for every event of a node: $AKCTL_EVENT, $AKCTL_NODE, …, JSON on stdin' }),
    grace: graceFlag(GRACE),
    'print-unit': Flags.boolean({ summary: 'print a systemd unit that watches like this', exclusive: ['print-cron'] }),
    'print-cron': Flags.boolean({ summary: 'print a crontab line that watches like this' }),
  }

  protected readonly view = mtaWatchView

  protected async perform(context: CliContext): Promise<Report<WatchData, WatchedResult>> {
    const { argv, flags } = await this.input(MtaWatch, context)
    context.adopt({ ...flags, 'no-input': true }) // a question at each look, or when nobody is there, helps nobody
    const selection = selectionOf(argv, flags)
    const { concurrency, 'max-tries': maxTries, notify } = flags
    const interval = positive(flags.interval, '--interval')
    const options: WatchOptions = { interval, maxTries, steady: parseSeconds(flags.steady, '--steady'), concurrency, notify }
    if (flags['print-unit'] || flags['print-cron']) {
      await loadFleet(context, selection)
      const how = await this.invocation(context, flags['print-cron'])
      return { data: { text: flags['print-unit'] ? unitText(how, flags.grace + 20) : cronLine(how, interval) } }
    }
    if (flags.once) return watchOnce(context, selection, options)
    refuseDocuments(context, 'a watch', 'give --once')
    const sink = await liveLines<WatchEvent>(context, { row: eventRow, text: eventText })
    let said = Promise.resolve()
    const say = (event: WatchEvent): void => void (said = said.then(() => sink.write([event])).catch(() => undefined))
    await watchOn(context, selection, options, say)
    await said
    return { data: { events: [] } }
  }

  /** This very command line, as a service manager would have to run it. */
  private async invocation(context: CliContext, once: boolean): Promise<Invocation> {
    const { name } = await context.profile()
    const asked = this.argv.filter((word) => word !== '--print-unit' && word !== '--print-cron')
    const given = asked.some((word) => /^--profile(=|$)/.test(word)) ? [] : ['--profile', name]
    const words = [process.execPath, join(this.config.root, 'bin/run.js'), 'mta', 'watch']
    return {
      words: [...words, ...(once ? ['--once'] : []), ...given, ...asked],
      directory: process.cwd(),
      user: user(),
      env: { AKCTL_HOME: context.home().directory, ...kept(context.env) },
    }
  }
}

/** Variables of akctl's that change what it does; the passphrase itself must not be written down. */
function kept(env: CliContext['env']): Record<string, string> {
  const own = /^AKCTL_(?!HOME$|PROFILE$|PASSPHRASE$|OUTPUT$|VERSION$)[A-Z_]+$/
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (own.test(name) && value !== undefined ? [[name, value]] : [])),
  )
}

/** A container may run under a number that no passwd file knows; systemd takes it as well. */
function user(): string {
  try {
    return userInfo().username
  } catch {
    return String(process.getuid?.() ?? 0)
  }
}

function positive(text: string, flag: string): number {
  const seconds = parseSeconds(text, flag)
  if (seconds > 0) return seconds
  throw new UsageError(`${flag} must be at least 1s`)
}
