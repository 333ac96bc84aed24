import { nearNames } from '../node/near.ts'
import { UsageError } from '../outcome/errors.ts'

/** oclif's own complaints about a command line as usage errors; anything else is given back as it is. */
export function usageFromParser(thrown: unknown): unknown {
  if (!(thrown instanceof Error) || !('oclif' in thrown)) return thrown
  const lines = thrown.message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^See more help/i.test(line))
  return new UsageError(reworded(lines).join('\n'), {
    hints: [...nearFlags(thrown), 'see the command with --help'],
    cause: thrown,
  })
}

/** `Parsing --port` and its reason in one line; the reason alone where there is no more to say. */
function reworded(lines: readonly string[]): readonly string[] {
  const [first = '', second, ...rest] = lines
  const flag = /^Parsing (--\S+)$/.exec(first)?.[1]
  if (flag === undefined || second === undefined) return lines
  return [`${flag}: ${second.charAt(0).toLowerCase()}${second.slice(1)}`, ...rest]
}

/** What oclif's error for unknown flags carries. */
interface UnknownFlags {
  readonly flags: readonly string[]
  readonly parse: { readonly input: { readonly flags: Readonly<Record<string, unknown>> } }
}

function nearFlags(thrown: Error): readonly string[] {
  if (thrown.constructor.name !== 'NonExistentFlagsError') return []
  const { flags, parse } = thrown as Error & UnknownFlags
  return flags
    .flatMap((flag) =>
      nearNames(
        flag.replace(/=.*/, ''),
        Object.keys(parse.input.flags).map((name) => `--${name}`),
      ),
    )
    .map((name) => `did you mean ${name}?`)
}
