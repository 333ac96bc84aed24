import type { Config } from '@oclif/core/config'
import { CommandHelp, Help } from '@oclif/core/help'
import { EXIT_CODES } from '../outcome/exit-codes.ts'
import { unknownCommand } from './resolve.ts'

/** One page of help. */
export interface HelpPage {
  /** `nodes list`, `nodes`, `exit-codes`, or empty for the first page. */
  readonly topic: string
  readonly text: string
  /** The table behind the page `exit-codes`. */
  readonly exitCodes?: typeof EXIT_CODES
}

/** Usage in one line: the flags follow below it anyway. */
class ShortUsage extends CommandHelp {
  protected override defaultUsage(): string {
    const { id, args, strict } = this.command
    const words = Object.values(args).map(({ name, required = false }) => {
      const word = `${name.toUpperCase()}${strict === false ? '...' : ''}`
      return required ? word : `[${word}]`
    })
    return [id, ...words, '[FLAGS]'].join(' ')
  }
}

/** oclif's help, kept as text instead of printed. */
class KeptHelp extends Help {
  text = ''
  protected override CommandHelpClass = ShortUsage

  protected override log(...words: readonly string[]): void {
    this.text += `${words.join(' ')}\n`
  }
}

/**
 * The help page for a command, a topic, `exit-codes`, or (no words) all of akctl.
 * @throws UsageError for words that are none of these, naming the nearest command
 */
export async function helpPage(config: Config, typed: readonly string[]): Promise<HelpPage> {
  const words = typed[0] === 'help' ? typed.slice(1) : typed
  if (words.length === 1 && words[0] === 'exit-codes') {
    return { topic: 'exit-codes', text: exitCodesText(), exitCodes: EXIT_CODES }
  }
  const id = words.join(':')
  if (id !== '' && config.findCommand(id) === undefined && config.findTopic(id) === undefined) throw unknownCommand(config, words)
  const help = new KeptHelp(config, { hideAliasesFromRoot: true, respectNoCacheDefault: true })
  await help.showHelp([...words])
  const more = id === '' ? `MORE\n  akctl help COMMAND, akctl help exit-codes\n` : ''
  return { topic: words.join(' '), text: `${help.text.trimEnd()}\n${more === '' ? '' : `\n${more}`}` }
}

function exitCodesText(): string {
  const lines = EXIT_CODES.map(({ code, name, when }) => `${String(code).padStart(3)}  ${name.padEnd(13)} ${when}`)
  return `The exit codes of akctl. Over several nodes the worst decides: 70, 130, 7, 5, 6, 8, 1, 4, 10, 0.\n\n${lines.join('\n')}\n`
}
