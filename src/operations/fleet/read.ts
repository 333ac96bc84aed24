import { open } from 'node:fs/promises'
import { NotFoundError, UsageError } from '../../outcome/errors.ts'
import { unreadable } from '../files/named-file.ts'
import { checkFleet, type FleetFile } from './check.ts'
import { plainTree } from './plain-yaml.ts'
import type { FileProblem } from './tree.ts'
import { readYaml, type YamlProblem } from './yaml.ts'

/** A larger file is refused before it is read. */
export const FILE_LIMIT = 16 * 1024 * 1024
/** Errors shown at once; the rest is counted. */
const SHOWN = 20

/** The text of a file that a person wrote. @throws UsageError when it can't be read, is too large, or is no UTF-8 */
export async function textOf(path: string): Promise<string> {
  const bytes = await bytesOf(path)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UsageError(`${path}: not a text in UTF-8`)
  }
}

async function bytesOf(path: string): Promise<Uint8Array> {
  try {
    const handle = await open(path, 'r')
    try {
      const chunks: Buffer[] = []
      let size = 0
      for await (const chunk of handle.createReadStream({ autoClose: false, end: FILE_LIMIT, highWaterMark: 1024 * 1024 })) {
        chunks.push(chunk as Buffer)
        size += (chunk as Buffer).length
      }
      if (size > FILE_LIMIT) throw new UsageError(`${path} is larger than ${FILE_LIMIT / 1024 / 1024} MiB: no fleet file`)
      return Buffer.concat(chunks)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw unreadable('file', path, error, [
      "akctl fleet export -f FILE writes today's profile to a fleet file; akctl fleet plan -f FILE --out PLAN makes a plan",
    ])
  }
}

/** A fleet file that was read, and what it takes to say where in it something is wrong. */
export class FleetSource {
  private constructor(
    readonly path: string,
    private readonly text: string,
    readonly file: FleetFile,
  ) {}

  /**
   * Reads and checks a fleet file.
   * @param path for messages
   * @throws UsageError with every error's line, column, and what is allowed there
   */
  static async parse(path: string, text: string): Promise<FleetSource> {
    const plain = plainTree(text)
    if (plain !== undefined) {
      const { file, problems } = checkFleet(plain)
      if (problems.length === 0) return new FleetSource(path, text, file)
    }
    const yaml = await readYaml(text) // knows all of YAML, and where things stand
    if (yaml.tree === undefined) throw refusal(path, yaml.problems)
    const { file, problems } = checkFleet(yaml.tree)
    const source = new FleetSource(path, text, file)
    return problems.length === 0 ? source : source.refuse(problems)
  }

  /** @throws NotFoundError when only things are named that the profile does not have, else UsageError */
  async refuse(problems: readonly FileProblem[]): Promise<never> {
    const { locate } = await readYaml(this.text)
    const located = problems.map(({ path, atKey = false, text }) => ({
      ...locate(path, atKey),
      text: path.length === 0 ? text : `${path.join('.')}: ${text}`,
    }))
    throw refusal(
      this.path,
      located,
      problems.every(({ unknown }) => unknown === true),
    )
  }
}

function refusal(path: string, problems: readonly YamlProblem[], unknown = false): UsageError | NotFoundError {
  const sorted = problems.toSorted((a, b) => a.line - b.line || a.col - b.col)
  const lines = sorted.slice(0, SHOWN).map(({ line, col, text }) => `${path}:${line}:${col}: ${text}`)
  const more = sorted.length > SHOWN ? [`and ${sorted.length - SHOWN} more`] : []
  const message = [...lines, ...more].join('\n')
  const hints = ['the form of the file: docs/fleet.md, and docs/schema/fleet.schema.json for editors']
  return unknown
    ? new NotFoundError(message, {
        hints: ['akctl keys list, akctl nodes list --no-status and akctl groups list show what there is'],
      })
    : new UsageError(message, { hints })
}
