import { randomBytes } from 'node:crypto'
import { type FileHandle, link, open, unlink } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UsageError } from '../../outcome/errors.ts'
import { errnoOf, reasonOf } from '../../profile/store-errors.ts'
import { unreadable } from '../files/named-file.ts'

/** Bytes of the key. */
const SIZE = 32
const OTHERS = 0o077

/**
 * Makes a key file of mode 0600 (32 random bytes as a line of base64) where there is none; whole or not there at all.
 * @returns false when there is a file already
 * @throws UsageError when it can't be made
 */
export async function makeKeyFile(file: string): Promise<boolean> {
  const fresh = join(dirname(file), `.${basename(file)}.${randomBytes(16).toString('hex')}.new`)
  try {
    const handle = await open(fresh, 'wx', 0o600)
    try {
      await handle.writeFile(`${randomBytes(SIZE).toString('base64')}\n`)
      await handle.sync()
    } finally {
      await handle.close()
    }
    // Unlike a rename it never replaces another's key.
    await link(fresh, file)
    return true
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false
    throw new UsageError(`cannot make the key file ${file}: ${reasonOf(error)}`)
  } finally {
    await unlink(fresh).catch(() => undefined)
  }
}

/**
 * The key in a file: 32 bytes, or these in base64. A link is followed, as mounted secrets often are links.
 * @throws UsageError when it can't be read, others may read it, or it holds no key
 */
export async function readKeyFile(file: string): Promise<Uint8Array> {
  const bytes = await content(file)
  if (bytes.length === SIZE) return bytes
  const text = bytes.toString('latin1').trim()
  const key = /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64') : undefined
  if (key?.length === SIZE) return key
  throw new UsageError(`${file} is no key file: ${SIZE} random bytes are wanted, raw or as a line of base64`, {
    hints: ['name a file that does not exist, and akctl makes it', `or: openssl rand -base64 ${SIZE} > FILE`],
  })
}

async function content(file: string): Promise<Buffer> {
  let handle: FileHandle | undefined
  try {
    handle = await open(file)
    const stats = await handle.stat()
    if (!stats.isFile()) throw new UsageError(`the key file ${file} is not a regular file`)
    if ((stats.mode & OTHERS) !== 0) {
      throw new UsageError(`the key file ${file} is open to other users of this machine`, {
        hints: [`find out who used it, then: chmod 600 ${file}`],
      })
    }
    const bytes = Buffer.alloc(1024)
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0)
    return bytes.subarray(0, bytesRead)
  } catch (error) {
    throw error instanceof UsageError ? error : unreadable('key file', file, error)
  } finally {
    await handle?.close()
  }
}
