import { FailedError } from '../outcome/errors.ts'

/** The fields of an answer: `key=value` lines, or `key:=base64` for bytes. What a node prints is hostile: nothing is trusted. */
export class Fields {
  private constructor(private readonly values: ReadonlyMap<string, readonly string[]>) {}

  /** Reads the lines of an answer; lines of another form are dropped. */
  static parse(text: string): Fields {
    const values = new Map<string, string[]>()
    for (const line of text.split('\n')) {
      const match = /^([a-z][a-z0-9_.-]{0,63})(:?)=(.*)$/.exec(line)
      if (match === null) continue
      const [, key, coded, raw] = match as unknown as [string, string, string, string]
      const value = coded === ':' ? Buffer.from(raw, 'base64').toString('utf8') : raw
      values.set(key, [...(values.get(key) ?? []), value])
    }
    return new Fields(values)
  }

  /** Every value of a key, in the order printed. */
  all(key: string): readonly string[] {
    return this.values.get(key) ?? []
  }

  /** The one value of a key, or undefined; an empty value counts as absent. */
  optional(key: string): string | undefined {
    const value = this.values.get(key)?.at(-1)
    return value === '' ? undefined : value
  }

  /** @throws {@link FailedError} when the key is missing */
  text(key: string): string {
    const value = this.optional(key)
    if (value === undefined) throw new FailedError(`the node's answer lacks "${key}"`)
    return value
  }

  /** A whole number, or undefined. @throws {@link FailedError} when it is something else */
  integer(key: string): number | undefined {
    const value = this.optional(key)
    if (value === undefined) return undefined
    if (!/^-?\d{1,15}$/.test(value)) throw new FailedError(`the node's answer has no whole number in "${key}"`)
    return Number(value)
  }

  /** True for `yes`. @throws {@link FailedError} when it is neither yes nor no */
  flag(key: string): boolean {
    const value = this.text(key)
    if (value !== 'yes' && value !== 'no') throw new FailedError(`the node's answer has neither yes nor no in "${key}"`)
    return value === 'yes'
  }
}
