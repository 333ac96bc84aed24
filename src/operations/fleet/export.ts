import { lstat } from 'node:fs/promises'
import { UsageError } from '../../outcome/errors.ts'
import type { ProfileData } from '../../profile/profile.ts'
import { NewFile } from '../files/new-file.ts'
import type { Context } from '../context.ts'
import { wantedBy } from './changes.ts'
import type { FleetFile } from './check.ts'
import { rewritten } from './document.ts'
import { FleetSource, textOf } from './read.ts'
import { treeOf, treeOfFile } from './tree-of.ts'

/** What an export wrote. */
export interface Exported {
  /** Absent when the text was only printed. */
  readonly file?: string
  /** False when the file said it all already. */
  readonly changed: boolean
  readonly nodes: number
  readonly groups: number
  /** The text, when it was not written to a file. */
  readonly text?: string
}

/** The mode of a new fleet file, which holds no secret. */
const MODE = 0o644

/**
 * Writes the profile as a fleet file; one that is there keeps its comments and its order, and only what differs is changed.
 * @param path undefined: the text is only made
 * @throws UsageError when the file that is there is no fleet file, or the profile holds what no file can
 */
export async function exportFleet(context: Context, path: string | undefined): Promise<Exported> {
  const data = await (await context.profile()).read()
  const counts = { nodes: data.nodes.length, groups: data.groups?.length ?? 0 }
  const there = path === undefined ? undefined : await lstat(path).catch(() => undefined)
  const before = there === undefined || path === undefined ? '' : await textOf(path)
  const text = await textFor(path ?? 'the export', before, data)
  if (path === undefined) return { ...counts, changed: true, text }
  if (text !== before || there === undefined) {
    const mode = there === undefined ? MODE : there.mode & 0o777
    await NewFile.write(path, Buffer.from(text), '--file', mode)
  }
  return { ...counts, file: path, changed: text !== before }
}

async function textFor(path: string, before: string, data: ProfileData): Promise<string> {
  const source = before.trim() === '' ? undefined : await FleetSource.parse(path, before)
  if (source !== undefined && says(source.file, data)) return before
  const has = source === undefined ? {} : treeOfFile(source.file)
  const text = await rewritten(before, has, treeOf(data))
  const parsing = FleetSource.parse(path, text)
  const again = await (source === undefined ? parsing : parsing.catch(() => undefined))
  if (again !== undefined && says(again.file, data)) return text
  throw new UsageError(`${path} can't be changed in place: what it has anchors and aliases for is no longer the same`, {
    hints: ['write it without them, or export to another file and compare'],
  })
}

/** Whether a file says all that a profile holds, and nothing else. */
function says(file: FleetFile, data: ProfileData): boolean {
  const { defaults = {}, groups = [], nodes = [] } = file
  if (nodes.length !== data.nodes.length) return false
  const { changes } = wantedBy({ defaults, groups, nodes }, data, {}, true)
  return changes.put.length + changes.remove.length === 0 && changes.defaults === undefined && changes.groups === undefined
}
