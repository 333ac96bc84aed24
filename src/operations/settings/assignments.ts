import { nearNames } from '../../node/near.ts'
import { parseValue } from '../../node/setting-values.ts'
import {
  findSetting,
  settingDefs,
  type SettingDef,
  type SettingKey,
  type Settings,
  type SettingValue,
} from '../../node/settings.ts'
import { NotFoundError, UsageError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'

/** What may be wrong with one word of the command line. */
interface Problem {
  readonly message: string
  readonly hints: readonly string[]
  /** True when it names a setting there is none of. */
  readonly unknown: boolean
}

/**
 * Reads `key=value` words; a page label does for the key. All that are wrong are reported at once.
 * @throws NotFoundError when settings are named that there are none of; UsageError for bad values, or a key set twice
 */
export function parseAssignments(words: readonly string[]): Settings {
  const problems: Problem[] = []
  const values = new Map<SettingKey, SettingValue>()
  for (const word of words) {
    const split = word.indexOf('=')
    const name = split < 0 ? word : word.slice(0, split)
    const def = findSetting(name)
    if (def === undefined) {
      problems.push(unknownSetting(name))
      continue
    }
    try {
      if (values.has(def.key)) throw new UsageError(`${def.key}: given twice`)
      values.set(def.key, parseValue(def, split < 0 ? '' : word.slice(split + 1)))
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      problems.push({ message: error.message, hints: error.hints, unknown: false })
    }
  }
  refuse(problems)
  return Object.fromEntries(values)
}

/**
 * The settings of keys or page labels.
 * @throws NotFoundError that names all there are none of
 */
export function parseKeys(words: readonly string[]): readonly (SettingDef & { readonly key: SettingKey })[] {
  const found = words.map((word) => findSetting(word) ?? unknownSetting(word))
  refuse(found.filter((entry): entry is Problem => 'message' in entry))
  return found.filter((entry): entry is SettingDef & { readonly key: SettingKey } => 'key' in entry)
}

/**
 * Tells nodes from settings among the words of `settings unset`: a node of the profile is a node, a key or page label
 * is a setting; of the rest, what is nearly a setting is taken for a mistyped one, so that it is refused as such.
 * @throws NotFoundError for words that are neither, UsageError when only nodes are named
 */
export async function splitWords(
  context: Context,
  words: readonly string[],
): Promise<{ readonly nodes: readonly string[]; readonly keys: readonly string[] }> {
  const { nodes } = await (await context.profile()).read()
  const known = new Set(nodes.flatMap(({ id, name }) => [String(id), name]))
  const isKey = (word: string): boolean =>
    !known.has(word) && (findSetting(word) !== undefined || nearNames(word, settingNames()).length > 0)
  const keys = words.filter(isKey)
  if (keys.length > 0) return { nodes: words.filter((word) => !isKey(word)), keys }
  const strange = words.filter((word) => /^[A-Za-z0-9._-]+$/.test(word) && !known.has(word))
  refuse(strange.map((word) => unknownSetting(word)))
  throw new UsageError('no setting given', { hints: ['akctl settings unset NODE KEY', 'keys: akctl settings describe'] })
}

function settingNames(): readonly string[] {
  return settingDefs().flatMap(({ key, label }) => [key, label])
}

function unknownSetting(name: string): Problem {
  const near = nearNames(name, settingNames()).map((meant) => `did you mean ${meant}?`)
  return {
    message: `there is no setting ${JSON.stringify(name)}`,
    hints: [...near, 'all of them: akctl settings describe'],
    unknown: true,
  }
}

function refuse(problems: readonly Problem[]): void {
  if (problems.length === 0) return
  const message = problems.map((problem) => problem.message).join('\n')
  const hints = [...new Set(problems.flatMap((problem) => problem.hints))]
  throw problems.every(({ unknown }) => unknown) ? new NotFoundError(message, { hints }) : new UsageError(message, { hints })
}
