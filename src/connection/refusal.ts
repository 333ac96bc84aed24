import { FailedError, UnauthorizedError } from '../outcome/errors.ts'
import type { End } from './host.ts'

const SUDO_RIGHTS = 'let this user run /bin/sh by sudo without a password (NOPASSWD), or edit the node without --sudo'
const NO_SUDO = 'install sudo there, or log in as root: akctl nodes edit NODE --user root --no-sudo'

/** How login shells say that there is no such program, each in its own way. */
const SUDO_MISSING = /\bsudo: (command )?not found|(unknown command|command not found):? '?sudo\b/i

/**
 * The error for a program that never began: the shell, or sudo in front of it, ended first. Nothing was changed.
 * @param where for the message: `status on mx1 (root@203.0.113.5:22)`
 * @param what the program is to the reader: `script`
 * @param stderr what they said
 */
export function refusalOf(where: string, what: string, end: End, stderr: string): FailedError | UnauthorizedError {
  const detail = lastLines(stderr)
  if (SUDO_MISSING.test(stderr)) return noSudo(where, detail)
  if (/^sudo: /m.test(stderr)) {
    return new UnauthorizedError(`${where}: sudo was refused`, { detail, hints: [SUDO_RIGHTS], stage: 'program' })
  }
  const [, missing] = /\b(base64|gzip): (?:command )?not found/.exec(stderr) ?? []
  const hints = missing === undefined ? [] : [`install ${missing} on the node: scripts come packed`]
  const message = `${where}: the login shell ended with ${wordsOf(end)} before the ${what} began`
  return new FailedError(message, { detail, hints, stage: 'program' })
}

/** The error where sudo is wanted and there is none. */
export function noSudo(where: string, detail: readonly string[] = []): UnauthorizedError {
  return new UnauthorizedError(`${where}: there is no sudo`, { detail, hints: [NO_SUDO], stage: 'program' })
}

function wordsOf(end: End): string {
  if (end.kind === 'exit') return `status ${end.status}`
  return end.kind === 'signal' ? end.signal : end.kind
}

function lastLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-5)
}
