import { UsageError } from '../outcome/errors.ts'

/** A part of a selection: so many nodes, or so many percent of it. */
export interface Share {
  readonly amount: number
  readonly unit: 'nodes' | 'percent'
}

/**
 * Reads `5` or `10%`.
 * @param flag for the message: `--max-fail`
 * @throws UsageError that says what is allowed
 */
export function parseShare(text: string, flag: string): Share {
  const [, digits, percent] = /^(\d{1,7})(%?)$/.exec(text.trim()) ?? []
  const amount = Number(digits)
  if (digits !== undefined && amount >= 1 && (percent === '' || amount <= 100)) {
    return { amount, unit: percent === '%' ? 'percent' : 'nodes' }
  }
  throw new UsageError(`${flag} does not understand '${text}'`, {
    hints: ['give a number of nodes from 1 (5), or a part of the selection from 1% to 100% (10%)'],
  })
}

/** As it is typed: `10%`. */
export function shareText({ amount, unit }: Share): string {
  return unit === 'percent' ? `${amount}%` : String(amount)
}

/** How many of `total` nodes a share is: percent are rounded down, and it is never less than one node. */
export function shareOf({ amount, unit }: Share, total: number): number {
  return unit === 'nodes' ? amount : Math.max(1, Math.floor((total * amount) / 100))
}
