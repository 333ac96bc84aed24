import type { Context } from '../operations/context.ts'
import { CancelledError, UsageError } from '../outcome/errors.ts'

/**
 * Consent to something that can't be taken back: the flag, or the thing's own name typed on a terminal.
 * @param what what will be gone, for the question: `the profile prod with its 3 nodes`
 * @throws UsageError that names `--yes` where nobody can be asked; CancelledError when another name is typed
 */
export async function consentByName(context: Context, what: string, name: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!context.prompter.canAsk) throw needsYes(what)
  const answer = await context.prompter.text(`Type ${name} to delete ${what}`)
  if (answer.trim() !== name) throw new CancelledError(`"${answer.trim()}" is not ${name}; nothing was deleted`)
}

/** Consent by yes or no, or the flag. @throws as {@link consentByName} */
export async function consentByYes(context: Context, what: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!context.prompter.canAsk) throw needsYes(what)
  if (!(await context.prompter.confirm(`Delete ${what}?`))) throw new CancelledError('nothing was deleted')
}

/**
 * Consent to something that takes from somebody else: the word yes, whole, or the flag.
 * @param what what would be done: `end the lease of ann@desk on mx1`
 * @throws as {@link consentByName}
 */
export async function consentByWord(context: Context, what: string, yes: boolean): Promise<void> {
  if (yes) return
  if (!context.prompter.canAsk) throw noConsent(`to ${what}`)
  const answer = await context.prompter.text(`Type yes to ${what}`)
  if (answer.trim() !== 'yes') throw new CancelledError(`"${answer.trim()}" is not yes; nothing was done`)
}

function needsYes(what: string): UsageError {
  return noConsent(`deleting ${what}`)
}

function noConsent(what: string): UsageError {
  return new UsageError(`${what} needs your consent, and there is no terminal to ask on`, { hints: ['give --yes'] })
}
