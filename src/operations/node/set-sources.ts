import { readFile, stat } from 'node:fs/promises'
import { filesOf, type SetSources } from '../../fleet/node-set/node-set.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { NodeGroup } from '../../profile/profile.ts'
import type { Context } from '../context.ts'

/** Bytes that a file of nodes may have. */
const LARGEST = 1024 * 1024

/**
 * What node sets may name besides nodes: the profile's groups, and the files (`@file:PATH`, `-` for stdin) that they mention,
 * which are read here.
 * @throws UsageError that names a file which can't be read
 */
export async function sourcesOf(context: Context, groups: readonly NodeGroup[], sets: readonly string[]): Promise<SetSources> {
  const texts = new Map<string, string>()
  for (const source of new Set(sets.flatMap(filesOf))) {
    texts.set(source, source === '-' ? await context.stdin('-', LARGEST) : await read(source.slice('@file:'.length)))
  }
  const byName = new Map(groups.map(({ name, nodes }) => [name, nodes]))
  return { group: (name) => byName.get(name), text: (source) => texts.get(source) ?? '' }
}

async function read(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size <= LARGEST) return await readFile(path, 'utf8')
  } catch (error) {
    throw new UsageError(`the file of nodes can't be read: ${error instanceof Error ? error.message : String(error)}`)
  }
  throw new UsageError(`${path} is over ${LARGEST} bytes: that is no file of nodes`)
}
