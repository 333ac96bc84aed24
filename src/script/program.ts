import { createHash, randomBytes } from 'node:crypto'
import prelude from './prelude.sh'
import { quote } from './quote.ts'

/** Linux allows 128 KiB for one argument (MAX_ARG_STRLEN); the rest is room for sudo and the login shell. */
export const COMMAND_LIMIT = 96 * 1024

/**
 * A constant shell text, in the pieces that follow one another in it, each on lines of its own. They are put together only
 * where the whole is needed: of many KB and for every node anew, that would cost more than most of what else is done for one.
 */
export type Pieces = readonly string[]

/** A shell text with what is this run's own at its head. */
interface PiecedText {
  readonly head: string
  readonly body: Pieces
}

/** What a shell is to run. */
export type ShellText = string | PiecedText

/** A program ready to be run, and the mark its answer is framed with. */
export interface Program {
  readonly text: PiecedText
  readonly mark: string
}

/** The text of a script or feed, its values, and (scripts only) what goes on stdin. */
export interface ProgramParts {
  readonly text: Pieces
  readonly args: readonly string[]
  readonly payload?: Uint8Array
}

/**
 * Head (mark, payload facts, values), prelude and script as a shell text.
 * @throws RangeError when the command would not fit one argument
 */
export function programOf(parts: ProgramParts): Program {
  const mark = `akctl-${randomBytes(8).toString('hex')}`
  const { payload } = parts
  const sum = payload === undefined ? '' : createHash('sha256').update(payload).digest('hex')
  const head = `AKCTL_MARK=${mark} AKCTL_LEN=${payload?.length ?? ''} AKCTL_SUM=${sum}\nset -- ${parts.args.map(quote).join(' ')}\n`
  const text = { head, body: [prelude, ...parts.text] }
  const length = text.body.reduce((before, piece) => before + Buffer.byteLength(piece) + 1, Buffer.byteLength(head))
  const size = Math.ceil(length / 3) * 4
  if (size > COMMAND_LIMIT) throw new RangeError(`a command of ${size} bytes is over the limit of ${COMMAND_LIMIT}`)
  return { text, mark }
}

/** The whole text, as `sh -c` takes it. */
export function wholeText(text: ShellText): string {
  return typeof text === 'string' ? text : text.head + text.body.join('\n')
}

/** `sudo -n`: a password prompt would hang, so a node that wants one refuses at once. */
export const SUDO = ['sudo', '-n'] as const

/**
 * The program as one line that every login shell (sh, csh, fish, …) passes on untouched: no newline, quote,
 * backslash or exclamation mark; the program itself travels packed, in base64, and is evaluated by /bin/sh.
 * @param packed of Packing
 */
export function commandLine(packed: Buffer, options: { readonly sudo: boolean }): string {
  const sudo = options.sudo ? `${SUDO.join(' ')} ` : ''
  return `exec ${sudo}/bin/sh -c 'eval "$(printf %s "$0" | base64 -d | gzip -d)"' ${packed.toString('base64')}`
}
