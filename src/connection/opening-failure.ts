import { type NodeError, TimeoutError, UnreachableError } from '../outcome/errors.ts'

/** What to look at when a connection was refused, or reset at once: it depends on what should listen there. */
export interface OpeningHints {
  readonly refused: string
  readonly reset: string
}

const OPENING: Readonly<Record<string, readonly [what: string, hint: string | ((hints: OpeningHints) => string)]>> = {
  ENOTFOUND: ['has a name that DNS does not know', 'check the name: akctl nodes show NODE, getent hosts NAME'],
  EAI_AGAIN: ['has a name that no DNS server could look up just now', 'check the resolver of this machine (/etc/resolv.conf)'],
  ECONNREFUSED: ['has nothing listening on that port (connection refused)', ({ refused }) => refused],
  ECONNRESET: ['reset the connection at once', ({ reset }) => reset],
  EHOSTUNREACH: [
    "can't be reached: nobody answers for its address (host unreachable)",
    'is the machine up? check its address and the firewall between',
  ],
  ENETUNREACH: [
    "can't be reached: there is no way to its network from here (network unreachable)",
    'check the network of this machine',
  ],
  EHOSTDOWN: ['is down', 'is the machine up?'],
  EACCES: ["is refused by this machine's own firewall", 'check the outgoing rules of this machine'],
  EPERM: ["is refused by this machine's own firewall", 'check the outgoing rules of this machine'],
}

/** Why no TCP connection came about. Of several addresses tried, the last one's reason. */
export function openingFailure(label: string, error: NodeJS.ErrnoException, hints: OpeningHints): NodeError {
  const last = error instanceof AggregateError ? (error.errors.at(-1) as NodeJS.ErrnoException) : error
  const code = last.code ?? error.code ?? ''
  if (code === 'ETIMEDOUT') return new TimeoutError(`${label} did not answer: the connection timed out`, { cause: error })
  const [what, hint] = OPENING[code] ?? [`could not be reached: ${last.message}`, undefined]
  const said = typeof hint === 'function' ? hint(hints) : hint
  return new UnreachableError(`${label} ${what}`, { cause: error, ...(said === undefined ? {} : { hints: [said] }) })
}

/** A name that was not looked up, or an address that did not answer, within the time given. */
export function openingTooLate(label: string, looked: boolean, seconds: number): TimeoutError {
  const what = looked ? 'did not answer' : 'has a name that was not looked up'
  return new TimeoutError(`${label} ${what} within ${seconds} s`, {
    hints: looked
      ? ['is the machine up? a firewall that drops packets looks like this too', 'give it longer: --connect-timeout SECONDS']
      : ['check the resolver of this machine (/etc/resolv.conf)'],
  })
}
