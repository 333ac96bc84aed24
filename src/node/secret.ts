import { inspect } from 'node:util'

const MARK = '[secret]'

/**
 * A value that must never be printed: every way a text is made of it gives a mark, and only `reveal` the value.
 */
export class Secret {
  readonly #value: string

  constructor(value: string) {
    this.#value = value
  }

  /** The value itself, for the one place that needs it. */
  reveal(): string {
    return this.#value
  }

  toString(): string {
    return MARK
  }

  toJSON(): string {
    return MARK
  }

  [inspect.custom](): string {
    return MARK
  }
}
