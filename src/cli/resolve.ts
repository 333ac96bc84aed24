import type { Config } from '@oclif/core/config'
import { nearNames } from '../node/near.ts'
import { UsageError } from '../outcome/errors.ts'
import { askedFormat } from './output.ts'

/** A command's id, and what is handed to it. */
export interface Resolved {
  readonly id: string
  readonly rest: readonly string[]
}

/** Global flags that may stand before the command (`akctl -o json nodes list`), and how many values follow. */
const BEFORE: Readonly<Record<string, number>> = { '-o': 1, '--output': 1, '--profile': 1, '--json': 0, '--no-input': 0 }

const HELP = new Set(['--help', '-h'])

/** The most words a command has. */
const DEPTH = 3

/**
 * Which command a line means. A topic alone, nothing at all, and `--help` anywhere mean the help command.
 * @throws UsageError for an unknown command, naming the nearest one
 */
export function resolve(config: Config, argv: readonly string[]): Resolved {
  const count = leadingFlags(argv)
  const globals = argv.slice(0, count)
  const words = argv.slice(count)
  const typed = before(words, (word) => word.startsWith('-'))
  const command = longestCommand(config, typed)
  if (before(words, (word) => word === '--').some((word) => HELP.has(word))) {
    const subject = command === undefined || command === 'help' ? typed.filter((word) => word !== 'help') : command.split(':')
    return { id: 'help', rest: [...subject, ...formatFlags(argv)] }
  }
  if (command !== undefined) {
    return { id: unaliased(config, command), rest: [...globals, ...words.slice(command.split(':').length)] }
  }
  if (typed.length === 0 || config.findTopic(typed.join(':')) !== undefined) return { id: 'help', rest: [...words, ...globals] }
  throw unknownCommand(config, typed)
}

/** The error for words that are no command. */
export function unknownCommand(config: Config, typed: readonly string[]): UsageError {
  const known = config.commands.filter((command) => !command.hidden).map((command) => command.id.replaceAll(':', ' '))
  const nearest = (count: number): readonly string[] => nearNames(typed.slice(0, count).join(' '), known)
  const near = nearest(2).length > 0 ? nearest(2) : nearest(1)
  const topic = typed[0] ?? ''
  const verbs = config.findTopic(topic) === undefined ? [] : [`see what there is: akctl help ${topic}`]
  return new UsageError(`there is no command "${typed.slice(0, 2).join(' ')}"`, {
    hints: [
      ...near.slice(0, 3).map((name) => `did you mean: akctl ${name}`),
      ...(verbs.length > 0 ? verbs : ['see all commands: akctl help']),
    ],
  })
}

function longestCommand(config: Config, typed: readonly string[]): string | undefined {
  for (let count = Math.min(typed.length, DEPTH); count > 0; count--) {
    const id = typed.slice(0, count).join(':')
    if (config.findCommand(id) !== undefined) return id
  }
  return undefined
}

/** The id a command is kept under: `nodes:list` for its alias `node:list`. */
function unaliased(config: Config, id: string): string {
  const owner = config.commands.find(
    (command) => command.hiddenAliases.includes(id) && !command.hiddenAliases.includes(command.id),
  )
  return owner?.id ?? id
}

/** How many of the first words are global flags and their values. */
function leadingFlags(argv: readonly string[]): number {
  let count = 0
  for (let word = argv[0]; word?.startsWith('-'); word = argv[count]) {
    const values = /^(--output=|--profile=|--json=|--no-input=|-o.)/.test(word) ? 0 : BEFORE[word]
    if (values === undefined) break
    count += 1 + values
  }
  return Math.min(count, argv.length)
}

function formatFlags(argv: readonly string[]): readonly string[] {
  const format = askedFormat(argv, {})
  return format === undefined ? [] : ['-o', format]
}

function before(words: readonly string[], isEnd: (word: string) => boolean): readonly string[] {
  const end = words.findIndex(isEnd)
  return end < 0 ? words : words.slice(0, end)
}
