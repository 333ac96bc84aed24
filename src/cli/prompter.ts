import { CancelledError, UsageError } from '../outcome/errors.ts'
import type { Prompter } from '../operations/context.ts'
import type { Progress } from './progress.ts'
import type { Streams } from './streams.ts'

/** Asks on the terminal by inquirer (loaded at the first question), on stderr so that stdout stays clean. */
export class TerminalPrompter implements Prompter {
  constructor(
    private readonly streams: Streams,
    readonly canAsk: boolean,
    /** Ends a question: a SIGTERM does not come as a key. */
    private readonly signal: AbortSignal,
    /** Whose line must not be drawn over a question. */
    private readonly progress: Progress,
  ) {}

  async text(
    question: string,
    options: { readonly initial?: string; readonly check?: (answer: string) => string | true } = {},
  ): Promise<string> {
    const { initial, check } = options
    return this.ask<string>({
      type: 'input',
      message: question,
      ...(initial === undefined ? {} : { default: initial }),
      ...(check === undefined ? {} : { validate: check }),
    })
  }

  secret(question: string): Promise<string> {
    return this.ask<string>({ type: 'password', message: question })
  }

  choice<T extends string>(question: string, choices: readonly T[]): Promise<T> {
    return this.ask<T>({ type: 'select', message: question, choices: [...choices] })
  }

  confirm(question: string): Promise<boolean> {
    return this.ask<boolean>({ type: 'confirm', message: question, default: false })
  }

  private async ask<T>(question: object): Promise<T> {
    if (!this.canAsk) throw new UsageError('an answer is needed, and there is no terminal to ask on')
    const { default: inquirer } = await import('inquirer')
    const { stdin: input, stderr: output } = this.streams
    const module = inquirer.createPromptModule({ input: input as never, output: output as never, signal: this.signal })
    try {
      const answers = (await this.progress.aside(() => module([{ ...question, name: 'answer' }] as never))) as unknown as {
        readonly answer: T
      }
      return answers.answer
    } catch (error) {
      if (error instanceof Error && ['ExitPromptError', 'AbortPromptError'].includes(error.name))
        throw new CancelledError('cancelled at a question; nothing was done')
      throw error
    }
  }
}
