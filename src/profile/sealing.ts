import { createCipheriv, createDecipheriv, hkdfSync, randomBytes, scrypt } from 'node:crypto'
import type { Unlocking } from './secret-access.ts'

/** Bytes of a data key, of a nonce and of a tag of AES-256-GCM. */
const KEY = 32
const NONCE = 12
const TAG = 16

/** scrypt: a guess takes 0.3 s and 32 MiB. */
const COST = 2 ** 15
const BLOCK = 8

/** A text that was encrypted; all base64. */
export interface Sealed {
  readonly nonce: string
  readonly data: string
  readonly tag: string
}

/** How the entries of a store are protected: the head of `secrets.json`. */
export interface Protection {
  readonly kind: Unlocking['kind']
  /** base64; absent for `plain`. */
  readonly salt?: string
  /** N of scrypt, for `passphrase`. */
  readonly cost?: number
  /** Where its key is in the keyring, for `keyring`; base64. */
  readonly entry?: string
  /** Nothing, encrypted: it tells a wrong passphrase from a damaged entry. Absent for `plain`. */
  readonly check?: Sealed
}

/** A head for a new store, and its data key; `plain` has none. */
export async function newProtection(by: Unlocking): Promise<{ readonly protection: Protection; readonly key?: Buffer }> {
  if (by.kind === 'plain') return { protection: { kind: 'plain' } }
  const salt = randomBytes(16).toString('base64')
  const { kind } = by
  const head = {
    kind,
    salt,
    ...(kind === 'passphrase' ? { cost: COST } : {}),
    ...(kind === 'keyring' ? { entry: by.entry } : {}),
  }
  const key = await dataKey(head, by)
  return { protection: { ...head, check: seal(key, '', headText(head)) }, key }
}

/** The data key of a store. @returns undefined when this does not unlock it */
export async function unlock(protection: Protection, by: Unlocking): Promise<Buffer | undefined> {
  const { check } = protection
  if (check === undefined) return undefined
  const key = await dataKey(protection, by)
  return open(key, check, headText(protection)) === undefined ? undefined : key
}

/** @param about what the text belongs to: it opens for nothing else */
export function seal(key: Buffer, text: string, about: string): Sealed {
  const nonce = randomBytes(NONCE)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG })
  cipher.setAAD(Buffer.from(about))
  const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return { nonce: nonce.toString('base64'), data: data.toString('base64'), tag: cipher.getAuthTag().toString('base64') }
}

/** @returns undefined for another key, another `about`, or any changed byte */
export function open(key: Buffer, { nonce, data, tag }: Sealed, about: string): string | undefined {
  try {
    const cipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), { authTagLength: TAG })
    cipher.setAAD(Buffer.from(about))
    cipher.setAuthTag(Buffer.from(tag, 'base64'))
    return Buffer.concat([cipher.update(Buffer.from(data, 'base64')), cipher.final()]).toString('utf8')
  } catch {
    return undefined
  }
}

function headText({ kind, salt, cost }: Protection): string {
  return JSON.stringify(['akctl secrets', 1, kind, salt, cost ?? 0])
}

function dataKey({ salt = '', cost = COST }: Protection, by: Unlocking): Promise<Buffer> {
  const bytes = Buffer.from(salt, 'base64')
  switch (by.kind) {
    case 'plain':
      return Promise.reject(new Error('plain secrets have no key'))
    case 'key-file':
    case 'keyring':
      // Random already: no stretching. The salt gives each store a key of its own, as many may share one file.
      return Promise.resolve(Buffer.from(hkdfSync('sha256', by.key, bytes, 'akctl secrets', KEY)))
    case 'passphrase':
      return stretched(by.passphrase.reveal(), bytes, cost)
  }
}

function stretched(passphrase: string, salt: Buffer, cost: number): Promise<Buffer> {
  const limits = { N: cost, r: BLOCK, p: 1, maxmem: 128 * cost * BLOCK + 2 ** 20 }
  return new Promise((resolve, reject) => {
    // The same passphrase may come in two spellings of Unicode, from a file and from a keyboard.
    scrypt(passphrase.normalize('NFC'), salt, KEY, limits, (error, key) => {
      if (error === null) resolve(key)
      else reject(error)
    })
  })
}
