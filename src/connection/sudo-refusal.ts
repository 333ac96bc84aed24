import { UnauthorizedError } from '../outcome/errors.ts'

/** How login shells say that there is no such program, each in its own way. */
const MISSING = /\bsudo: (command )?not found|(unknown command|command not found):? '?sudo\b/i

/**
 * The error of a program that sudo did not let begin, or that found no sudo; undefined when it was not sudo.
 * @param where what was to run where, for the message
 * @param stderr what the login shell and sudo said
 */
export function sudoRefusal(where: string, stderr: string): UnauthorizedError | undefined {
  const detail = lastLines(stderr)
  if (MISSING.test(stderr)) {
    const hints = ['install sudo there, or log in as root: akctl nodes edit NODE --user root --no-sudo']
    return new UnauthorizedError(`${where}: there is no sudo on the node`, { detail, hints })
  }
  if (!/^sudo: /m.test(stderr)) return undefined
  const hints = ['let this user run /bin/sh by sudo without a password (NOPASSWD), or edit the node without --sudo']
  return new UnauthorizedError(`${where}: sudo was refused`, { detail, hints })
}

/** The last five lines that say anything. */
export function lastLines(text: string): string[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-5)
}
