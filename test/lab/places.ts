/** What is wrong with a node. `slow` is its link; all else is as it should be there. */
export type Fault =
  'refused' | 'black-hole' | 'reset' | 'host-key' | 'user-key' | 'full-disk' | 'no-sudo' | 'mta-dies' | 'hanging' | 'slow'

/** A host of the room and the node on it. */
export interface Place {
  readonly name: string
  readonly address: string
  readonly access: 'ssh' | 'https'
  readonly fault?: Fault
  /** Whether its MTA runs; to a stopped one settings are only told, which costs less. */
  readonly running: boolean
}

/**
 * By the node's number. Three that fail at once are in the second wave of 1, 5 and the rest. The two that say nothing are
 * among the first eight of the third, so that they are begun with it.
 */
const FAULTS: Readonly<Record<number, Fault>> = {
  2: 'refused',
  4: 'host-key',
  6: 'user-key',
  7: 'mta-dies',
  8: 'hanging',
  9: 'slow',
  11: 'black-hole',
  12: 'reset',
  15: 'full-disk',
  18: 'no-sudo',
}

const RUNNING: readonly number[] = [1, 5, 7, 9, 12, 15]

const HTTPS: readonly number[] = [5, 10, 20]

/** The thirty: twenty that are well, and ten that are not, each in its own way. */
export const PLACES: readonly Place[] = Array.from({ length: 30 }, (_, index) => {
  const number = index + 1
  const fault = FAULTS[number]
  return {
    name: `mx${String(number).padStart(2, '0')}`,
    address: `198.51.100.${10 + number}`,
    access: HTTPS.includes(number) ? 'https' : 'ssh',
    running: RUNNING.includes(number),
    ...(fault === undefined ? {} : { fault }),
  }
})
