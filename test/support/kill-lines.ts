import { execFileSync, spawnSync } from 'node:child_process'
import { constants, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
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
  /** Counts from the time on when the script has come past this line. */
  readonly from?: number
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

/** A script's text in one. */
export function textOf({ text }: Pick<Script<unknown>, 'text'>): string {
  return text.join('\n')
}

/** A place as a run came past it. */
export interface Passed extends Place {
  /** False when nothing (see `state`) had changed since the place before: a script killed here leaves the same behind. */
  readonly changed: boolean
}

/**
 * The places that a run of this script really comes past, in the order of their first passing.
 * @param state a shell command whose output tells everything a killed script could leave behind in another way
 * @param failsFrom a text in the line from which on they count, for a run that must end as failed; without it, one must succeed
 */
export async function passed(
  host: Host,
  script: Script<unknown>,
  folder: string,
  state: string,
  failsFrom?: string,
): Promise<readonly Passed[]> {
  const trail = join(folder, 'trail')
  rmSync(trail, { recursive: true, force: true })
  mkdirSync(trail)
  const all = places(textOf(script))
  const from = failsFrom === undefined ? undefined : all.find(({ text }) => text.includes(failsFrom))?.line
  const begin = from === undefined ? ':' : `[ "$1" = ${from} ] || [ -e '${trail}/${from}' ]`
  const note = `_t() { _ts=$?; [ -e '${trail}/'$1 ] || ! { ${begin}; } || { : >'${trail}/'$1; echo "$1 $({ ${state}; } 2>/dev/null | cksum)" >>'${trail}/all'; }; return $_ts; }`
  const text = [...all]
    .reverse()
    .reduce((lines, { line }) => lines.toSpliced(line + 1, 0, `_t ${line}`), textOf(script).split('\n'))
  const run = runScript(host, { ...script, text: [note, ...text] }, { timeout: 120 })
  const failed = await run.then(
    () => false,
    (error: unknown) => {
      if (failsFrom !== undefined && error instanceof FailedError) return true
      throw error
    },
  )
  if (failed !== (failsFrom !== undefined)) throw new Error(`${script.name} should have failed`)
  const notes = readFileSync(join(trail, 'all'), 'utf8').trim().split('\n')
  return notes.flatMap((text, index) => {
    const place = all.find(({ line }) => line === parseInt(text, 10))
    const since = from === undefined ? {} : { from }
    return place === undefined ? [] : [{ ...place, ...since, changed: stateOf(text) !== stateOf(notes[index - 1] ?? '') }]
  })
}

function stateOf(note: string): string {
  return note.replace(/^\d+ /, '')
}

/** The same script, killed with -9 when it first comes past this line. */
export function killedAfter<T>(script: Script<T>, place: Place): Script<T> {
  return { ...script, text: [withCommandAt(textOf(script), place, 'kill -9 $$')] }
}

/** A script with a command that is run whenever it comes past a place. */
function withCommandAt(script: string, { line, from }: Place, command: string): string {
  if (from === undefined) return withCommand(script, line, command)
  const [own, begin] = [`[ -z "\${AK_FROM:-}" ] || { ${command}; }`, 'AK_FROM=yes']
  return line < from
    ? withCommand(withCommand(script, from, begin), line, own)
    : withCommand(withCommand(script, line, own), from, begin)
}

/**
 * Runs a script whose link is cut when it first comes past this line: stdin, stdout and stderr are closed at akctl's
 * end, and the script goes on as it can. Comes back once the script is gone.
 * @returns what akctl makes of it: its error, or undefined when it never came past the line
 */
export async function cutAfter(host: Host, script: Script<unknown>, place: Place, folder: string): Promise<unknown> {
  const [reached, gate, pid] = ['reached', 'gate', 'pid'].map((name) => join(folder, name)) as [string, string, string]
  for (const file of [reached, gate, pid]) rmSync(file, { force: true })
  execFileSync('mkfifo', [gate])
  // Who opens one end of the fifo waits for the other: akctl's for the line, the script's until akctl's is closed.
  const wait = `[ -e '${reached}' ] || { echo $$ >'${pid}'; : >'${reached}'; read -r _ <'${gate}'; }`
  const cut = new AbortController()
  const text = [withCommandAt(textOf(script), place, wait)]
  const run = runScript(host, { ...script, text }, { timeout: 90, signal: cut.signal }).then(
    () => undefined,
    (error: unknown) => error,
  )
  const atLine = open(gate, 'w')
  const ended = run.then(async () => {
    if (!existsSync(reached)) await (await open(gate, constants.O_RDONLY | constants.O_NONBLOCK)).close() // let it go
  })
  const held = await atLine
  cut.abort()
  const error = await run
  await ended
  await held.close()
  if (existsSync(pid)) {
    const cutOff = Number(readFileSync(pid, 'utf8'))
    await until('the script is gone', 60, () => !alive(cutOff) || undefined)
  }
  return error
}

function alive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}
