import { nearNames } from '../node/near.ts'
import { UsageError } from '../outcome/errors.ts'

/**
 * Complaints that are the user's to mend as usage errors: oclif's own about a command line, and that the working
 * directory has gone. Anything else is given back as it is.
 * @param command as it is typed, `nodes list`
 */
export function usageFrom(thrown: unknown, command: string): unknown {
  if (!(thrown instanceof Error)) return thrown
  if ('syscall' in thrown && thrown.syscall === 'uv_cwd') {
    return new UsageError('the working directory is gone', { hints: ['cd to one that is there'], cause: thrown })
  }
  if (!('oclif' in thrown)) return thrown
  const lines = thrown.message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^See more help/i.test(line))
  return new UsageError(reworded(lines).join('\n'), {
    hints: [...nearFlags(thrown), `see: akctl help ${command}`],
    cause: thrown,
  })
}

/** `Parsing --port` and its reason in one line; the reason alone where there is no more to say. */
function reworded(lines: readonly string[]): readonly string[] {
  const [first = '', second, ...rest] = lines
  const missing = lines.map((line) => /^Missing required flag (\S+)$/.exec(line)?.[1]).filter((name) => name !== undefined)
  if (missing.length > 0) return missing.map((name) => `--${name} is missing`)
  const flag = /^Parsing (--\S+)$/.exec(first)?.[1]
  if (flag === undefined || second === undefined) return lines
  return [`${flag}: ${second.charAt(0).toLowerCase()}${second.slice(1)}`, ...rest]
}

/** What oclif's error for unknown flags carries. */
interface UnknownFlags {
  readonly flags: readonly string[]
  readonly parse: { readonly input: { readonly flags: Readonly<Record<string, { readonly allowNo?: boolean }>> } }
}

function nearFlags(thrown: Error): readonly string[] {
  if (thrown.constructor.name !== 'NonExistentFlagsError') return []
  const { flags, parse } = thrown as Error & UnknownFlags
  return flags
    .flatMap((flag) =>
      nearNames(
        flag.replace(/=.*/, ''),
        Object.entries(parse.input.flags).flatMap(([name, { allowNo }]) => [`--${name}`, ...(allowNo ? [`--no-${name}`] : [])]),
      ),
    )
    .map((name) => `did you mean ${name}?`)
}
