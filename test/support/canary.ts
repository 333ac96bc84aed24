// What a secret looks like when it has gone through the hands of programs, and what programs were given.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { until } from './until.ts'

/** Words for strace: every execve of a process and of all below it, with whole arguments and environments, into a file. */
export const traceWords = (file: string): readonly string[] => ['-f', '-e', 'trace=execve', '-v', '-s', '1000000', '-o', file]

/** Something at work under strace, with all that it starts. */
export interface Tracing {
  /** Resolves to the trace, unfolded, when all of it has ended. */
  readonly trace: Promise<string>
}

/**
 * Traces what runs on while the test does other things.
 * @param what a program and its words, or `-p` and the number of a process
 * @param begun what is printed (by strace, or by the program) once it is at work
 */
export async function traced(what: readonly string[], file: string, begun: RegExp, env = process.env): Promise<Tracing> {
  const strace = spawn('strace', [...traceWords(file), ...what], { stdio: ['ignore', 'pipe', 'pipe'], env })
  let said = ''
  for (const stream of [strace.stdout, strace.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = new Promise((resolve) => strace.once('exit', resolve))
  await until(`${what.join(' ')} at work under strace`, 30, () => {
    if (begun.test(said)) return true
    throw new Error(said)
  })
  return { trace: ended.then(() => unfolded(readFileSync(file, 'latin1'))) }
}

/** A text, and what is folded in it: scripts go to a node as gzip in base64. */
export function unfolded(text: string): string {
  const folded = text.match(/\bH4sI[\w+/]{20,}={0,2}/g) ?? []
  return [text, ...folded.map((blob) => gunzipSync(Buffer.from(blob, 'base64')).toString('latin1'))].join('\n')
}

/** A text that can be searched, byte by byte: of an archive what is in it. */
export function searchable(file: string): string {
  const bytes = readFileSync(file)
  return (bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes).toString('latin1')
}

/** A secret as it is, and in the forms that programs write it in: base64 of it in any surroundings, and hex. */
export function formsOf(secret: string | Buffer): readonly string[] {
  const bytes = Buffer.from(secret)
  const coded = [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64')
    // Only the characters that no neighbour has a part in.
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6))
  })
  const url = coded.map((text) => text.replaceAll('+', '-').replaceAll('/', '_'))
  const hex = bytes.toString('hex')
  return [...new Set([bytes.toString('latin1'), ...coded, ...url, hex, hex.toUpperCase()])]
}
