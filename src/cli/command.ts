import { Command } from '@oclif/core/command'
import type { ParserOutput, InferredArgs, InferredFlags } from '@oclif/core/interfaces'
import { checkReason } from '../node/reason.ts'
import { CancelledError, UsageError, exitOfError, reportOf } from '../outcome/errors.ts'
import type { ExitCode } from '../outcome/exit-codes.ts'
import type { Context } from '../operations/context.ts'
import { refuseBooleanValues } from './boolean-values.ts'
import { CliContext } from './context.ts'
import type { FailedNodes } from './failed-nodes.ts'
import { globalFlags } from './flags.ts'
import { dropIdleWaves, typedFlags } from './idle-flags.ts'
import { printError, printNodeErrors } from './error-text.ts'
import type { NodeOutcome } from '../outcome/outcome.ts'
import { askedFormat, FORMATS, render, renderError, type Format } from './output.ts'
import { exitOfReport, type Report } from './report.ts'
import { PLAIN, colors, wantsColor } from './style.ts'
import { OutputError, write } from './streams.ts'
import { usageFrom } from './usage.ts'
import type { View } from './views/view.ts'

/** The parsed command line of a command class. */
export type Input<T extends typeof Command> = ParserOutput<
  InferredFlags<T['flags']>,
  InferredFlags<(typeof AkctlCommand)['baseFlags']>,
  InferredArgs<T['args']>
>

/**
 * Every command: parse, call one operation, hand its report to a view. Whatever happens, the same exit code with
 * and without `--json`, and with it one JSON document on stdout.
 */
export abstract class AkctlCommand extends Command {
  static override baseFlags = globalFlags

  protected abstract readonly view: View

  /** Formats this command has; a followed log has no single document. Looked at before anything is done. */
  protected readonly formats: readonly Format[] = FORMATS

  private fold: boolean | undefined
  private failed: FailedNodes | undefined
  private readonly told = new Map<string, NodeOutcome<unknown>>()
  private telling: Promise<void> = Promise.resolve()

  /** Parses, calls one operation, returns what it found. Errors are thrown, never printed. */
  protected abstract perform(context: CliContext): Promise<Report>

  override async run(): Promise<ExitCode> {
    const context = new CliContext(process)
    context.format = askedFormat(this.argv, context.env)
    try {
      const report = await this.kept(context, await this.perform(context))
      await this.print(context, report)
      return exitOfReport(report)
    } catch (error) {
      return await refuse(context, error, this.words)
    } finally {
      await this.failed?.drop()
      await context.close()
    }
  }

  /** Writes the file of --failed-to; first, as the answer may not get through. */
  private async kept(context: CliContext, report: Report): Promise<Report> {
    try {
      await this.failed?.write(report.nodes ?? [])
      return report
    } catch (error) {
      context.warn(error instanceof Error ? error.message : String(error))
      return { ...report, unkept: true }
    }
  }

  /** Parses the command line for `perform` and makes its flags known to the context. */
  protected async input<T extends typeof Command>(ctor: T, context: Context): Promise<Input<T>> {
    refuseBooleanValues(this.argv, { ...ctor.baseFlags, ...ctor.flags })
    const parsed = (await this.parse(ctor)) as unknown as Input<T>
    dropIdleWaves(parsed.flags, typedFlags(parsed.raw))
    const { reason } = parsed.flags as { readonly reason?: string }
    if (reason !== undefined) checkReason(reason)
    if (context instanceof CliContext) {
      context.adopt(parsed.flags)
      this.checkFormat(context)
      const { fold, 'failed-to': file } = parsed.flags as { readonly fold?: boolean; readonly 'failed-to'?: string }
      this.fold = fold
      if (file !== undefined) this.failed = await (await import('./failed-nodes.ts')).FailedNodes.at(file)
    }
    return parsed
  }

  /** For runs over many nodes: with -o ndjson a node's record is printed as soon as its outcome is known. */
  protected live({ format, streams }: CliContext): ((outcome: NodeOutcome<unknown>) => void) | undefined {
    if (format !== 'ndjson') return undefined
    return (outcome) => {
      this.told.set(outcome.node, outcome)
      this.telling = this.telling.then(() => write(streams.stdout, `${JSON.stringify(outcome)}\n`))
      this.telling.catch(() => undefined) // said when the run is over
    }
  }

  private async print(context: CliContext, report: Report): Promise<void> {
    const { streams, env } = context
    const format = wantedFormat(context)
    const style = format === 'table' && wantsColor(env, streams.stdout.isTTY === true) ? await colors() : PLAIN
    await this.telling
    const left = format === 'ndjson' ? { ...report, ...this.untold(report) } : report
    await write(streams.stdout, await render(format, this.view, left, context.warnings, style, this.fold))
    if (format !== 'json' && format !== 'yaml') await printNodeErrors(streams.stderr, report.nodes ?? [])
  }

  private untold({ nodes }: Report): Pick<Report, 'nodes'> {
    return nodes === undefined ? {} : { nodes: nodes.filter((outcome) => this.told.get(outcome.node) !== outcome) }
  }

  /** The command as it is typed. */
  private get words(): string {
    return (this.id ?? 'help').replaceAll(':', ' ')
  }

  private checkFormat(context: CliContext): void {
    const wish = wantedFormat(context)
    if (this.formats.includes(wish)) return
    throw new UsageError(`${this.words} has no output format ${wish}`, {
      hints: [`give one of: -o ${this.formats.join(', -o ')}`],
    })
  }
}

function wantedFormat(context: CliContext): Format {
  return context.format ?? (context.streams.stdout.isTTY === true ? 'table' : 'tsv')
}

/** Says why nothing (more) was done, in the asked-for format. @returns the exit code */
async function refuse(context: CliContext, thrown: unknown, command: string): Promise<ExitCode> {
  const error = context.signal.aborted && isAbort(thrown) ? new CancelledError('cancelled') : usageFrom(thrown, command)
  const exit = exitOfError(error)
  const report = reportOf(error)
  const document = error instanceof OutputError ? '' : await renderError(context.format, report, exit, context.warnings)
  try {
    if (document === '') await printError(context.streams.stderr, report)
    else await write(context.streams.stdout, document)
  } catch {
    await printError(context.streams.stderr, report).catch(() => undefined) // nobody is left to tell; the exit code is
  }
  return exit
}

/** What Node's own functions throw when their signal is aborted. */
function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError'
}
