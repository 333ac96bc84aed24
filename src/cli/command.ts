import { Command, type Interfaces } from '@oclif/core'
import { UsageError, exitOfError, reportOf } from '../outcome/errors.ts'
import type { ExitCode } from '../outcome/exit-codes.ts'
import type { Context } from '../operations/context.ts'
import { CliContext, type ContextFlags } from './context.ts'
import { globalFlags } from './flags.ts'
import { printError, printNodeErrors } from './error-text.ts'
import { errorEnvelope, render, type Format } from './output.ts'
import { exitOfReport, type Report } from './report.ts'
import { PLAIN, colors, wantsColor } from './style.ts'
import { write } from './streams.ts'
import type { View } from './views/view.ts'

/** The parsed command line of a command class. */
export type Input<T extends typeof Command> = Interfaces.ParserOutput<
  Interfaces.InferredFlags<T['flags']>,
  Interfaces.InferredFlags<(typeof AkctlCommand)['baseFlags']>,
  Interfaces.InferredArgs<T['args']>
>

/**
 * Every command: parse, call one operation, hand its report to a view. Whatever happens, the same exit code with
 * and without `--json`, and with it one JSON document on stdout.
 */
export abstract class AkctlCommand extends Command {
  static override baseFlags = globalFlags

  protected abstract readonly view: View

  /** Formats this command has; a followed log has no single document. */
  protected readonly formats: readonly Format[] | undefined = undefined

  /** Parses, calls one operation, returns what it found. Errors are thrown, never printed. */
  protected abstract perform(context: Context): Promise<Report>

  override async run(): Promise<ExitCode> {
    const context = new CliContext(process)
    try {
      const report = await this.perform(context)
      await this.print(context, report)
      return exitOfReport(report)
    } catch (error) {
      return await this.refuse(context, error)
    } finally {
      await context.close()
    }
  }

  /** Parses the command line for `perform` and makes its flags known to the context. */
  protected async input<T extends typeof Command>(ctor: T, context: Context): Promise<Input<T>> {
    const parsed = (await this.parse(ctor)) as unknown as Input<T>
    if (context instanceof CliContext) context.adopt(parsed.flags)
    return parsed
  }

  private async print(context: CliContext, report: Report): Promise<void> {
    const { streams, env } = context
    const format = this.format(context)
    const style = format === 'table' && wantsColor(env, streams.stdout.isTTY === true) ? await colors() : PLAIN
    await write(streams.stdout, await render(format, this.view, report, context.warnings, style))
    if (format !== 'json' && format !== 'yaml') await printNodeErrors(streams.stderr, report.nodes ?? [])
  }

  private format(context: CliContext): Format {
    const wish = context.format ?? (context.streams.stdout.isTTY === true ? 'table' : 'tsv')
    if (this.formats !== undefined && !this.formats.includes(wish)) {
      throw new UsageError(`${this.id ?? 'this command'} has no output format ${wish}`, {
        hints: [`give one of: -o ${this.formats.join(', -o ')}`],
      })
    }
    return wish
  }

  private async refuse(context: CliContext, thrown: unknown): Promise<ExitCode> {
    const error = usageFromParser(thrown)
    const exit = exitOfError(error)
    const report = reportOf(error)
    if (context.format === 'json' || this.argv.includes('--json')) {
      await write(context.streams.stdout, `${JSON.stringify(errorEnvelope(report, exit, context.warnings), undefined, 2)}\n`)
    } else {
      await printError(context.streams.stderr, report)
    }
    return exit
  }
}

/** oclif's own complaints about a command line are usage errors; its last line points to --help and is kept as a hint. */
export function usageFromParser(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('oclif' in thrown)) return thrown
  const [message = '', ...rest] = thrown.message.split('\n')
  const details = rest.filter((line) => line !== '' && !line.includes('--help'))
  return new UsageError([message, ...details].join('\n'), { hints: ['see the command with --help'], cause: thrown })
}
