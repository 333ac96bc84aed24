import { createReadStream } from 'node:fs'
import type { SetSources } from '../../fleet/node-set/node-set.ts'
import type { Selection } from '../../fleet/select.ts'
import { filesOf, pathOf } from '../../fleet/node-set/terms.ts'
import { UsageError } from '../../outcome/errors.ts'
import type { NodeGroup } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import { unreadable } from '../files/named-file.ts'

/** Bytes that a file of nodes may have. */
const LARGEST = 1024 * 1024

/**
 * What the node sets of a selection may name besides nodes: the profile's groups, and the files (`@file:PATH`, `-` for stdin) that they mention,
 * which are read here.
 * @throws UsageError that names a file which can't be read
 */
export function selectionSources(context: Context, groups: readonly NodeGroup[], selection: Selection): Promise<SetSources> {
  return sourcesOf(context, groups, [...(selection.names ?? []), ...(selection.exclude ?? [])])
}

/** As {@link selectionSources}, for sets. */
export async function sourcesOf(context: Context, groups: readonly NodeGroup[], sets: readonly string[]): Promise<SetSources> {
  const texts = new Map<string, string>()
  for (const source of new Set(sets.flatMap(filesOf))) {
    const path = pathOf(source)
    texts.set(source, path === undefined ? await context.stdin('-', LARGEST) : await read(path, context.signal))
  }
  return { groups: groupTexts(groups), text: (source) => texts.get(source) ?? '' }
}

/** Each group's node set by its name. */
export function groupTexts(groups: readonly NodeGroup[]): ReadonlyMap<string, string> {
  return new Map(groups.map(({ name, nodes }) => [name, nodes]))
}

/** Not by its size, which a pipe or a device does not tell. */
async function read(path: string, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of createReadStream(path, { signal })) {
      chunks.push(chunk as Buffer)
      size += (chunk as Buffer).length
      if (size > LARGEST) throw new UsageError(`it is over ${LARGEST / 1024} KiB, which is no file of nodes`)
    }
  } catch (error) {
    if (signal.aborted) throw error
    throw unreadable('file of nodes', path, error)
  }
  return Buffer.concat(chunks).toString('utf8')
}
