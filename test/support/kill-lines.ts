import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../src/connection/host.ts'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { FailedError } from '../../src/outcome/errors.ts'
import type { Script } from '../../src/script/script.ts'
import { until } from './until.ts'

/** A place in a script's text: after this line (counted from 0) another command line may stand. */
export interface Place {
  readonly line: number
  readonly text: string
}

/**
 * The places of a script where a command may be put in: not in a comment, a text in quotes, a here-document or the
 * middle of a command. @throws Error when dash refuses the script with commands in all of them
 */
export function places(script: string): readonly Place[] {
  const lines = script.split('\n')
  const open = openLines(script)
  const found = lines.flatMap((text, line) => {
    const here = text.trim()
    if (open.has(line) || here === '' || here.startsWith('#') || /(\\|\||&&|;;| in)( #.*)?$/.test(here)) return []
    return [{ line, text: here }]
  })
  const { status, stderr } = spawnSync('dash', ['-n'], { input: withCommands(script, found, () => ':'), encoding: 'utf8' })
  if (status !== 0) throw new Error(`a command may not stand at every place found: ${stderr}`)
  return found
}

function withCommands(script: string, at: readonly Place[], command: (line: number) => string): string {
  return [...at].reverse().reduce((text, { line }) => withCommand(text, line, command(line)), script)
}

/** A script with a command after a line; `$?` passes through it untouched. */
export function withCommand(script: string, line: number, command: string): string {
  const lines = script.split('\n')
  lines.splice(line + 1, 0, `{ AK_S=$?; ${command}; (exit "$AK_S"); }`)
  return lines.join('\n')
}

/** Lines that end inside quotes or a here-document. */
function openLines(script: string): ReadonlySet<number> {
  const open = new Set<number>()
  let quote = ''
  let heredoc: string | undefined
  script.split('\n').forEach((text, line) => {
    if (heredoc !== undefined) {
      if (text === heredoc) heredoc = undefined
      else open.add(line)
      return
    }
    quote = quoteAfter(text, quote)
    heredoc = quote === '' ? /<<'?([A-Z]+)'?$/.exec(text)?.[1] : undefined
    if (quote !== '' || heredoc !== undefined) open.add(line)
  })
  return open
}

function quoteAfter(text: string, before: string): string {
  let quote = before
  for (let i = 0; i < text.length; i += 1) {
    const char = text[i] ?? ''
    if (char === '\\' && quote !== "'") i += 1
    else if (quote === '' && char === '#' && /(^|\s)$/.test(text.slice(0, i))) break
    else if (quote === '' && (char === "'" || char === '"')) quote = char
    else if (char === quote) quote = ''
  }
  return quote
}

/** A place as a run came past it. */
export interface Passed extends Place {
  /** False when nothing (see `state`) had changed since the place before: a script killed here leaves the same behind. */
  readonly changed: boolean
}

/**
 * The places that a run of this script really comes past, in the order of their first passing.
 * @param fails true when the run is one that must end as failed; else it must succeed
 * @param state a shell command whose output tells everything a killed script could leave behind in another way
 */
export async function passed(
  host: Host,
  script: Script<unknown>,
  folder: string,
  state: string,
  fails = false,
): Promise<readonly Passed[]> {
  const trail = join(folder, 'trail')
  rmSync(trail, { recursive: true, force: true })
  mkdirSync(trail)
  const all = places(script.text)
  const note = `_t() { _ts=$?; [ -e '${trail}/'$1 ] || { : >'${trail}/'$1; echo "$1 $({ ${state}; } 2>/dev/null | cksum)" >>'${trail}/all'; }; return $_ts; }`
  const text = [...all].reverse().reduce((lines, { line }) => lines.toSpliced(line + 1, 0, `_t ${line}`), script.text.split('\n'))
  const run = runScript(host, { ...script, text: `${note}\n${text.join('\n')}` }, { timeout: 120 })
  const failed = await run.then(
    () => false,
    (error: unknown) => {
      if (fails && error instanceof FailedError) return true
      throw error
    },
  )
  if (failed !== fails) throw new Error(`${script.name} should have failed`)
  const notes = readFileSync(join(trail, 'all'), 'utf8').trim().split('\n')
  return notes.flatMap((text, index) => {
    const place = all.find(({ line }) => line === parseInt(text, 10))
    return place === undefined ? [] : [{ ...place, changed: stateOf(text) !== stateOf(notes[index - 1] ?? '') }]
  })
}

function stateOf(note: string): string {
  return note.replace(/^\d+ /, '')
}

/** The same script, killed with -9 when it first comes past this line. */
export function killedAfter<T>(script: Script<T>, place: Place): Script<T> {
  return { ...script, text: withCommand(script.text, place.line, 'kill -9 $$') }
}

/**
 * Runs a script whose link is cut when it first comes past this line: stdin, stdout and stderr are closed at akctl's
 * end, and the script goes on as it can. Comes back once the script is gone.
 * @returns what akctl makes of it: its error, or undefined when it never came past the line
 */
export async function cutAfter(host: Host, script: Script<unknown>, place: Place, folder: string): Promise<unknown> {
  const [reached, gone, pid] = ['reached', 'gone', 'pid'].map((name) => join(folder, name)) as [string, string, string]
  for (const file of [reached, gone, pid]) rmSync(file, { force: true })
  const wait = `[ -e '${reached}' ] || { echo $$ >'${pid}'; : >'${reached}'; until [ -e '${gone}' ]; do sleep 0.02; done; }`
  const cut = new AbortController()
  const text = withCommand(script.text, place.line, wait)
  const run = runScript(host, { ...script, text }, { timeout: 90, signal: cut.signal }).then(
    () => undefined,
    (error: unknown) => error,
  )
  const first = await Promise.race([run.then(() => 'ended'), until('the line', 60, () => existsSync(reached) || undefined)])
  if (first === 'ended') return run
  cut.abort()
  const error = await run
  writeFileSync(gone, '')
  const script9 = Number(readFileSync(pid, 'utf8'))
  await until('the script is gone', 60, () => !alive(script9) || undefined)
  return error
}

function alive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
