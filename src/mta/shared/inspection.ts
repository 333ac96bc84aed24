import type { Answer } from '../../script/answer.ts'
import type { Script } from '../../script/script.ts'
import { canonicalAddress } from '../../node/address.ts'
import type { LeaseState } from '../../node/lease.ts'
import { FailedError } from '../../outcome/errors.ts'
import type { Edit, Installation, MtaDriver } from '../driver.ts'
import type { ApplyResult, InterfaceInfo, Preview, TextDiff } from './results.ts'
import { type OrderFacts, editLine, readApply, verbScript } from './operations.ts'
import { readLease } from './lease.ts'
import { headLine, readRecord, type RevisionHead } from './record.ts'
import diffText from './diff.sh'
import interfacesText from './interfaces.sh'
import locksText from './locks.sh'
import rollbackText from './rollback.sh'

/** Bytes of all diffs together, and files, that a diff gives at most: it must fit an answer, in base64. */
const DIFF_BYTES = 524_288
const DIFF_FILES = 100

const CAUSES: readonly string[] = ['pending', 'edited', 'base'] satisfies readonly TextDiff['cause'][]
const TOOK = ['none', 'reload', 'restart'] as const

/**
 * What a sync with these edits, or a rollback, would change in the files, and what the process would go through; made in a
 * temporary folder on the node.
 * @param of the edits of a sync, or where a rollback goes: a revision, or `before`
 */
export function previewScript(
  driver: MtaDriver,
  installation: Installation,
  of: readonly Edit[] | number | 'before',
): Script<Preview> {
  const back = typeof of === 'object' ? [] : [String(of)]
  const edits = typeof of === 'object' ? of.map((edit) => `${editLine(edit)}\n`).join('') : undefined
  const verb = {
    name: 'diff',
    text: diffText,
    args: [String(DIFF_BYTES), String(DIFF_FILES), ...back],
    changes: false,
    revises: true,
    ...(edits === undefined ? {} : { payload: Buffer.from(edits, 'utf8') }),
  }
  return verbScript(driver, installation, verb, readPreview)
}

function readPreview({ fields }: Answer): Preview {
  const causes = fields.all('cause')
  const diffs = fields.all('diff')
  const record = fields.optional('record')
  const took = TOOK.find((word) => word === fields.text('took'))
  const files = fields.all('file').map((file, index) => {
    const cause = causes[index]
    if (cause === undefined || !CAUSES.includes(cause)) throw new FailedError(`the node's answer has no cause for ${file}`)
    return { file, cause: cause as TextDiff['cause'], diff: diffs[index] ?? '' }
  })
  return { files, ...(took === undefined ? {} : { took }), ...(record === undefined ? {} : { record: readRecord(record) }) }
}

/** The node's addresses and what the MTA listens on with each. */
export function interfacesScript(driver: MtaDriver, installation: Installation): Script<readonly InterfaceInfo[]> {
  return verbScript(
    driver,
    installation,
    { name: 'interfaces', text: interfacesText, args: [], changes: false },
    ({ fields }) => {
      const listening = fields.all('listen')
      return fields.all('address').map((line) => {
        const [name = '', text = ''] = line.split(' ')
        const address = canonicalAddress(text)
        return { name, address, listens: listening.filter((pair) => listensWith(pair, address)) }
      })
    },
  )
}

/** Whether `host:port` takes connections to this (canonical) address: its own, or the wildcard of its family ([::] takes both). */
function listensWith(pair: string, address: string): boolean {
  const host = canonicalAddress(pair.slice(0, pair.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1'))
  return host === address || host === '::' || (host === '0.0.0.0' && !address.includes(':'))
}

/**
 * Makes an earlier revision's settings and files the current ones, as a new revision.
 * @param to undefined: the one before
 * @param expect as rv_expect in revise.sh takes it
 */
export function rollbackScript(
  driver: MtaDriver,
  installation: Installation,
  order: RevisionHead & OrderFacts,
  to?: number,
  expect = 'any',
): Script<ApplyResult> {
  const verb = {
    name: 'rollback',
    text: rollbackText,
    args: [order.id, String(order.lockWait), to === undefined ? '' : String(to), expect],
    changes: true,
    revises: true,
    payload: Buffer.from(`${headLine(order)}\n`, 'utf8'),
    claimant: order,
  }
  return verbScript(driver, installation, verb, readApply)
}

/** What is asked of a node's lease. */
export type LeaseRequest =
  | { readonly action: 'show' }
  | { readonly action: 'renew'; readonly id: string; readonly ttl: number }
  | { readonly action: 'release'; readonly id: string }

/** Seconds to wait for an order that is at work. */
const LEASE_WAIT = 5

/** Looks at a node's lease, renews or releases it; tells the one there is, or that is gone now. */
export function leaseScript(driver: MtaDriver, installation: Installation, request: LeaseRequest): Script<LeaseState> {
  const { action } = request
  const changes = action !== 'show'
  const ttl = action === 'renew' ? String(request.ttl) : ''
  const args = changes ? [action, request.id, ttl, String(LEASE_WAIT)] : [action]
  return verbScript(driver, installation, { name: `lease ${action}`, text: locksText, args, changes }, ({ fields }) => {
    const lease = readLease(fields)
    return { clock: fields.integer('clock') ?? 0, ...(lease === undefined ? {} : { lease }) }
  })
}
