import type { ShownIdentity, TrustRecord } from '../../node/trust.ts'
import { CancelledError, UntrustedError, UsageError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'
import type { Place, PlaceOptions } from './endpoints.ts'
import { COMPARE } from './fingerprint.ts'

/** What a choice is made from. */
export interface Choice extends PlaceOptions {
  /** As the user named it, for the commands in messages. */
  readonly target: string
  readonly place: Place
  readonly shown: readonly ShownIdentity[]
  /** What is accepted at the endpoint already. */
  readonly known: readonly TrustRecord[]
}

/**
 * Lets the user pick the identity to accept: `yes` takes the first one shown, a fingerprint takes that one.
 * @throws UntrustedError when the endpoint shows none of the identities accepted so far: a change is never taken in by
 * a yes. UsageError with the commands to type where nobody can be asked. CancelledError for any other answer
 */
export async function chooseIdentity(context: Context, choice: Choice): Promise<readonly ShownIdentity[]> {
  const { shown, known, place } = choice
  const accepted = shown.filter(({ fingerprint }) => known.some((record) => record.fingerprint === fingerprint))
  if (accepted.length > 0) return accepted
  if (known.length > 0) throw changed(choice)
  if (!context.prompter.canAsk) throw nobodyToAsk(choice)
  context.note(`${place.endpoint} shows:`)
  for (const { type, fingerprint } of shown) context.note(`  ${type} ${fingerprint}`)
  context.note(COMPARE[place.kind])
  const answer = (await context.prompter.text('Type yes to accept the first one, or the fingerprint you expect')).trim()
  const chosen = answer === 'yes' ? shown.slice(0, 1) : shown.filter(({ fingerprint }) => fingerprint === answer)
  if (chosen.length > 0) return chosen
  throw new CancelledError(
    answer.startsWith('SHA256:') ? `${place.endpoint} does not show ${answer}; nothing was accepted` : 'nothing was accepted',
  )
}

/** The command that would accept an identity. */
function trustCommand(target: string, fingerprint: string, options: PlaceOptions): string {
  return `akctl trust add ${target}${options.jump ? ' --jump' : ''} --fingerprint ${fingerprint}`
}

function nobodyToAsk({ place, shown, target, jump }: Choice): UsageError {
  return new UsageError(`there is no terminal to ask on whether ${place.endpoint} is the right one. It shows:`, {
    detail: shown.map(({ type, fingerprint }) => `${type} ${fingerprint}`),
    hints: [
      `${COMPARE[place.kind]}, then:`,
      ...shown.slice(0, 1).map(({ fingerprint }) => trustCommand(target, fingerprint, { jump })),
    ],
  })
}

function changed({ place, shown, known, target, jump }: Choice): UntrustedError {
  return new UntrustedError(`THE IDENTITY OF ${place.endpoint} HAS CHANGED; nothing was accepted`, {
    detail: [
      ...known.map(({ type = 'any type', fingerprint, added, by }) => `accepted:  ${type} ${fingerprint} (${added}, ${by})`),
      ...shown.map(({ type, fingerprint }) => `shown now: ${type} ${fingerprint}`),
    ],
    hints: [
      'another machine may be answering in its place: find out before you go on',
      `only if it was reinstalled or given a new ${place.kind === 'ssh' ? 'key' : 'certificate'}: akctl trust remove ${target}${jump ? ' --jump' : ''}, then:`,
      ...shown.slice(0, 1).map(({ fingerprint }) => trustCommand(target, fingerprint, { jump })),
    ],
  })
}
