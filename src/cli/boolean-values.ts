import { UsageError } from '../outcome/errors.ts'

/** What oclif knows of a command's flags. */
type Flags = Readonly<Record<string, { readonly type: string; readonly char?: string | undefined }>>

/**
 * Refuses a value for a flag that takes none. The parser would read `--yes=1` as `--yes` and a word of its own, which
 * may be a node's id.
 * @throws UsageError
 */
export function refuseBooleanValues(argv: readonly string[], flags: Flags): void {
  const end = argv.indexOf('--')
  for (const word of end < 0 ? argv : argv.slice(0, end)) {
    const [, long, short] = /^(?:--([a-z][a-z-]*)|-([A-Za-z]))=/.exec(word) ?? []
    const name = long ?? Object.keys(flags).find((flag) => short !== undefined && flags[flag]?.char === short)
    const flag = name === undefined ? undefined : (flags[name] ?? flags[name.replace(/^no-/, '')])
    if (flag?.type !== 'boolean') continue
    const typed = word.replace(/=.*/s, '')
    throw new UsageError(`${typed} takes no value: ${word}`, { hints: [`give ${typed} alone, or leave it out`] })
  }
}
