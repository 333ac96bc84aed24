import type { Done } from '../../fleet/fan-out.ts'
import { findNode } from '../../fleet/select.ts'
import { withBase } from '../../node/record.ts'
import { sameValue, settingDefs, type Settings } from '../../node/settings.ts'
import { FailedError } from '../../outcome/errors.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import { keyChanges } from '../mta/keys.ts'
import type { KeyChange } from '../mta/results.ts'
import type { Session } from '../run/session.ts'
import { visit } from '../run/visit.ts'

/** What a pull took over, or (dry run) would take over. */
export interface PullResult {
  readonly revision: number
  /** Who wrote the revision, and when. */
  readonly by: string
  readonly at: string
  readonly changes: readonly KeyChange[]
  readonly dryRun: boolean
}

/** Takes over what a node was told: its settings become the node's own in this profile, its revision the base. */
export async function pullSettings(
  context: Context,
  name: string,
  run: { readonly dryRun: boolean; readonly reason: string | undefined },
): Promise<readonly NodeOutcome<PullResult>[]> {
  const profile = await context.profile()
  const { nodes, defaults } = await profile.read()
  const fleet = { profile, nodes: [findNode(nodes, name)], defaults }
  const purpose = run.dryRun
    ? ({ kind: 'read' } as const)
    : ({ kind: 'change', verb: 'settings pull', reason: run.reason } as const)
  return visit(context, fleet, { concurrency: 1 }, purpose, (session) => pullNode(session, defaults, run.dryRun))
}

async function pullNode(session: Session, defaults: Settings, dryRun: boolean): Promise<Done<PullResult>> {
  const { connection, node, profile, context } = session
  const { record } = await connection.status()
  if (record === undefined || record.revision === 0) {
    throw new FailedError('there is nothing to pull: the node was never told any settings', {
      hints: [`tell it yours: akctl mta sync ${node.name}`],
    })
  }
  const { revision, id, by, at, settings: told } = record
  const own = ownSettings(told, node.settings, defaults)
  const extra = settingDefs().filter(({ key }) => told[key] === undefined && defaults[key] !== undefined)
  if (extra.length > 0) {
    const keys = extra.map(({ key }) => key).join(', ')
    context.warn(`${node.name}: the profile's defaults set what the node was not told (${keys}); the next sync will tell it`)
  }
  if (!dryRun) {
    await profile.update((data) => ({
      data: {
        ...data,
        nodes: data.nodes.map((other) =>
          other.id === node.id ? withBase({ ...other, settings: own }, { revision, id }) : other,
        ),
      },
      result: undefined,
    }))
  }
  const changes = keyChanges(session.wanted, { ...defaults, ...own })
  const moved = changes.length > 0 || node.baseRevision !== revision || node.baseRevisionId !== id
  return { outcome: moved && !dryRun ? 'changed' : 'ok', result: { revision, by, at, changes, dryRun } }
}

/** What was told, without what the profile's defaults say anyway (unless the node had it as its own before). */
function ownSettings(told: Settings, own: Settings, defaults: Settings): Settings {
  return Object.fromEntries(
    settingDefs().flatMap(({ key }) => {
      const value = told[key]
      return value === undefined || (own[key] === undefined && sameValue(value, defaults[key])) ? [] : [[key, value]]
    }),
  )
}
