import { readFile } from 'node:fs/promises'
import { unreadable } from '../operations/files/named-file.ts'
import type { CliContext } from './context.ts'

/** A file that the command line names; `-` is stdin. @throws UsageError when it can't be read */
export async function bytesOf(context: CliContext, file: string): Promise<Uint8Array> {
  if (file === '-') return Buffer.from(await context.stdin('-'))
  try {
    return await readFile(file)
  } catch (error) {
    throw unreadable('file', file, error)
  }
}
