import { CancelledError, UsageError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'

/** From which number of nodes on a change is asked about. */
export interface Consent {
  /** More nodes than this are asked about. */
  readonly above: number
  /** Agreed beforehand (`--yes`). */
  readonly yes: boolean
}

/** Names shown before a question; the rest is counted. */
const SHOWN = 100

/**
 * Shows the set of nodes and asks before a change of many.
 * @param verb what would be done: `restart`
 * @throws UsageError without a terminal, naming the flag; CancelledError when the answer is no
 */
export async function confirmMany(context: Context, names: readonly string[], verb: string, consent: Consent): Promise<void> {
  if (names.length <= consent.above || consent.yes) return
  const count = `${names.length} nodes`
  if (!context.prompter.canAsk) {
    throw new UsageError(`${verb} of ${count} needs a consent, and there is no terminal to ask on`, {
      hints: ['give --yes', `or raise --confirm-above, which is ${consent.above}`],
    })
  }
  const more = names.length > SHOWN ? ` and ${names.length - SHOWN} more` : ''
  context.note(`${count}: ${names.slice(0, SHOWN).join(' ')}${more}`)
  if (!(await context.prompter.confirm(`${verb} ${count}?`))) throw new CancelledError('cancelled; nothing was done on any node')
}
