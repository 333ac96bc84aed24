import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { CancelledError, UsageError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'

/** Bytes of the key, and of the name of its entry. */
const SIZE = 32
const NAME = 16

/** A keyring may ask a person, or hang: seconds after which something else is better. */
const PATIENCE = 3

/** What the program needs to find the user's session; nothing of akctl's own. */
const VARIABLES = ['PATH', 'HOME', 'DBUS_SESSION_BUS_ADDRESS', 'XDG_RUNTIME_DIR', 'DISPLAY', 'XAUTHORITY', 'WAYLAND_DISPLAY']

const INSTEAD = 'or use a key file or a passphrase instead (docs/security.md)'

type Asker = Pick<Context, 'env' | 'signal'>

/** How the program ended; a status of its own is an answer. */
interface Answer {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * Puts a new random key into the keyring of this user (Secret Service), by `secret-tool`: a process can be ended when
 * the keyring hangs, and it takes the key on stdin.
 * @throws UsageError when the keyring does not take it within 3 s
 */
export async function makeInKeyring(asker: Asker, profile: string): Promise<{ readonly entry: string; readonly key: Buffer }> {
  const [entry, key] = [randomBytes(NAME).toString('base64'), randomBytes(SIZE)]
  const label = `--label=akctl: secrets of the profile ${profile}`
  const { status, stderr } = await secretTool(asker, ['store', label, ...attributes(entry)], key.toString('base64'))
  if (status !== 0) throw unusable('the keyring did not take a key', stderr)
  return { entry, key }
}

/**
 * The key of an entry. A locked keyring is not asked to open: that would wait for a person at a desktop.
 * @returns undefined when there is no such entry
 * @throws UsageError when the keyring does not answer within 3 s, or is locked
 */
export async function readFromKeyring(asker: Asker, profile: string, entry: string): Promise<Buffer | undefined> {
  const { status, stdout, stderr } = await secretTool(asker, ['search', ...attributes(entry)])
  if (status !== 0) throw unusable('the keyring did not answer', stderr)
  const text = /^secret = ([A-Za-z0-9+/]{43}=)$/m.exec(stdout)?.[1]
  if (text !== undefined) return Buffer.from(text, 'base64')
  if (stdout.includes('[/')) throw unusable(`the keyring that holds the key of the profile ${profile} is locked`, stderr)
  return undefined
}

/** Removes an entry. @throws UsageError when the keyring does not do it within 3 s */
export async function removeFromKeyring(asker: Asker, entry: string): Promise<void> {
  const { status, stderr } = await secretTool(asker, ['clear', ...attributes(entry)])
  if (status !== 0) throw unusable('the keyring did not remove a key', stderr)
}

function attributes(entry: string): readonly string[] {
  return ['application', 'akctl', 'entry', entry]
}

function secretTool({ env, signal }: Asker, args: readonly string[], input = ''): Promise<Answer> {
  const options = {
    env: Object.fromEntries([...VARIABLES.map((name) => [name, env[name]]), ['LC_ALL', 'C']]) as NodeJS.ProcessEnv,
    timeout: PATIENCE * 1000,
    killSignal: 'SIGKILL' as const,
    signal,
  }
  return new Promise((resolve, reject) => {
    const child = execFile('secret-tool', args, options, (error, stdout, stderr) => {
      if (signal.aborted) reject(new CancelledError('cancelled'))
      else if (error === null) resolve({ status: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ status: error.code, stdout, stderr })
      else reject(silent(error, stderr))
    })
    child.stdin?.on('error', () => undefined) // a program that ends before it reads says why itself
    child.stdin?.end(input)
  })
}

function silent(error: Error & { code?: unknown; killed?: boolean }, stderr: string): UsageError {
  if (error.code === 'ENOENT') {
    return new UsageError('secret-tool was not found; it reaches the keyring of the desktop (Secret Service)', {
      hints: ['install it (Debian: apt-get install libsecret-tools)', INSTEAD],
      cause: error,
    })
  }
  if (error.killed === true) return unusable(`the keyring did not answer within ${PATIENCE} s`, stderr)
  return unusable(`secret-tool, which reaches the keyring, failed: ${error.message}`, stderr)
}

function unusable(message: string, stderr: string): UsageError {
  const detail = stderr.split('\n').filter((line) => line.startsWith('secret-tool: '))
  return new UsageError(message, {
    detail: detail.slice(0, 3),
    hints: ['log in to the desktop and unlock the keyring there; it is reached by DBUS_SESSION_BUS_ADDRESS', INSTEAD],
  })
}
