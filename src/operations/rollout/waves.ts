import { doneOf, type Done } from '../../fleet/fan-out.ts'
import { foldNames } from '../../fleet/node-set/fold.ts'
import { QUEUE_BOUND } from '../../mta/shared/operations.ts'
import { FailBudget } from '../../fleet/fail-budget.ts'
import { CancelledError, FailedError, reportOf } from '../../outcome/errors.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import type { ChangeResult, PutBack } from '../mta/results.ts'
import type { Fleet } from '../run/fleet.ts'
import { KeptLeases } from '../run/kept-leases.ts'
import { counted, inParts, ONE_NODE, type Parts } from '../run/parts.ts'
import type { Session } from '../run/session.ts'
import { journalVisit, visitPart, whole, type Change, type Shared, type Width } from '../run/visit.ts'
import { isCounted, passGate, type Gate } from './gate.ts'
import { PUT_BACK, putBackNode, type Touched } from './put-back.ts'

/** How a change goes over a fleet part by part. */
export interface Waves extends Parts {
  /** Undefined: nobody looks at them. */
  readonly gate: Gate | undefined
  /** What is done when too many nodes have failed: nothing more, or what was changed is put back too. */
  readonly onFailure: 'stop' | 'rollback'
}

type Changed = NodeOutcome<ChangeResult>

const READ = { kind: 'read' } as const

/**
 * Changes a fleet in waves. A wave starts when the one before has passed its health gate and not too many nodes (without
 * --max-fail: one) have failed; what is not reached is `skipped`. A node's lease is kept until this run is through with it:
 * until it has passed the gate or, where it may be put back, to the end; and so is its connection, as the gate and the lease's
 * heartbeat come back to it.
 * @returns one outcome a node, in the order of the selection. A node that did not pass the gate, or was put back, is `failed`
 */
export async function changeInWaves(
  context: Context,
  fleet: Fleet,
  width: Width,
  purpose: Change,
  waves: Waves,
  work: (session: Session) => Promise<Done<ChangeResult>>,
): Promise<readonly Changed[]> {
  const maxFail = width.maxFail ?? ONE_NODE
  const comesBack = waves.gate !== undefined || waves.onFailure === 'rollback'
  const own = comesBack && width.opener === undefined ? context.connector.keeping() : undefined
  const opener = own ?? width.opener
  const leases = comesBack ? new KeptLeases(context, opener) : undefined
  const keeping = { ...purpose, leases }
  try {
    return await whole(context, fleet, { maxFail, opener }, keeping, (shared) =>
      new Rollout(context, fleet, width, keeping, waves, shared).run(work),
    )
  } finally {
    await leases?.releaseAll()
    await own?.end()
  }
}

/** One run in waves, and what it has to remember of its nodes. */
class Rollout {
  private readonly touched = new Map<string, Touched>()
  private readonly done = new Map<string, Changed>()

  constructor(
    private readonly context: Context,
    private readonly fleet: Fleet,
    private readonly width: Width,
    private readonly purpose: Change,
    private readonly waves: Waves,
    private readonly shared: Shared,
  ) {}

  async run(work: (session: Session) => Promise<Done<ChangeResult>>): Promise<readonly Changed[]> {
    const { context, fleet, shared, waves } = this
    const width = { ...this.own, onNode: (outcome: Changed) => this.tell(outcome) }
    const visit = (nodes: Fleet['nodes']): Promise<readonly Changed[]> =>
      visitPart(context, { ...fleet, nodes }, width, this.purpose, (own) => this.remembered(own, work), shared)
    await inParts(context, fleet.nodes, waves, shared, visit, (nodes) => this.gate({ ...fleet, nodes }))
    if (shared.budget.spent && waves.onFailure === 'rollback') await this.putBack()
    return fleet.nodes.flatMap(({ name }) => this.done.get(name) ?? [])
  }

  /** Looking at nodes and putting them back goes on when no new node is started any more. */
  private get later(): Shared {
    return { ...this.shared, budget: new FailBudget(undefined, 0) }
  }

  private get own(): Pick<Width, 'concurrency'> {
    return { concurrency: this.width.concurrency }
  }

  private async remembered(
    session: Session,
    work: (session: Session) => Promise<Done<ChangeResult>>,
  ): Promise<Done<ChangeResult>> {
    this.touched.set(session.node.name, { before: await session.before(), begun: session.begun })
    return work(session)
  }

  /** Nodes that were changed, or were found as they should be, are looked at; one that is not well has failed. */
  private async gate(part: Fleet): Promise<void> {
    const { context, shared, waves } = this
    const { gate } = waves
    const nodes = part.nodes.filter(({ name }) => ['changed', 'ok'].includes(this.done.get(name)?.outcome ?? ''))
    if (gate === undefined || nodes.length === 0) return
    this.warnUncounted(nodes)
    const looks = await visitPart(context, { ...part, nodes }, this.own, READ, (session) => this.look(session, gate), this.later)
    for (const { node, outcome, error } of looks) {
      const change = this.done.get(node)
      if (error === undefined || change === undefined) continue
      shared.budget.count(outcome)
      this.tell({ ...change, outcome, error: outcome === 'cancelled' ? reportOf(unseen(change)) : error })
    }
    const left = looks.filter(({ node, outcome }) => outcome === 'cancelled' && this.done.get(node)?.result?.steps.length !== 0)
    const names = foldNames(left.map(({ node }) => node))
    if (left.length > 0) context.warn(`changed, but not looked at, as the run was cancelled: ${names}`)
  }

  private warnUncounted(nodes: Fleet['nodes']): void {
    const names = nodes.map(({ name }) => name).filter((name) => !isCounted(this.touched.get(name)?.before))
    if (names.length === 0) return
    const what = `held more than ${QUEUE_BOUND} messages before the change, so that nobody can tell by how much they have grown`
    this.context.warn(`the queues of ${foldNames(names)} ${what}`)
  }

  /** What is found has a line in the journal of its own, as the order's line says that it went well. */
  private async look(session: Session, gate: Gate): Promise<Done<undefined>> {
    const { name } = session.node
    const [before, change] = [this.touched.get(name)?.before, this.done.get(name)?.result]
    if (before === undefined || change === undefined) return { outcome: 'ok' } // it is looked at only after its change
    try {
      await passGate(session, change, before, gate)
      if (this.waves.onFailure === 'stop') await this.purpose.leases?.release(session.node, session.connection)
      return { outcome: 'ok' }
    } catch (error) {
      const done = doneOf(error)
      if (done.outcome !== 'cancelled') await journalVisit(session, this.purpose.verb, done.outcome, done.error?.message)
      return done
    }
  }

  /** Puts back what this run changed, and says which. */
  private async putBack(): Promise<void> {
    const { context, fleet, shared } = this
    const nodes = fleet.nodes.filter(({ name }) => this.mayHaveChanged(name))
    if (nodes.length === 0) return
    if (!context.signal.aborted) shared.progress.part(`rollback: ${counted(nodes.length)}`)
    const { leases } = this.purpose
    const purpose = { kind: 'change', verb: 'mta rollback', reason: PUT_BACK, leases } as const
    const outcomes = await visitPart(context, { ...fleet, nodes }, this.own, purpose, (own) => this.putNodeBack(own), this.later)
    for (const outcome of outcomes) {
      const change = this.done.get(outcome.node)
      if (change !== undefined) this.tell(accountOf(change, outcome, this.handEdits(outcome)))
    }
    const warn = (words: string, about: typeof outcomes): void => {
      if (about.length > 0) context.warn(`${words}: ${foldNames(about.map(({ node }) => node))}`)
    }
    const back = outcomes.filter(({ outcome }) => outcome === 'changed')
    warn('put back to what they had before this run', back)
    warn(
      'but for files edited by hand, which stay replaced',
      back.filter((each) => this.handEdits(each).length > 0),
    )
    warn(
      'not put back, as the run was cancelled',
      outcomes.filter(({ outcome }) => outcome === 'cancelled'),
    )
  }

  /** Files that were edited by hand before this run, where it has replaced them, so that a revision put back does not hold that. */
  private handEdits({ node, result }: NodeOutcome<PutBack>): readonly string[] {
    const { edited = [] } = this.touched.get(node)?.before ?? {}
    return result?.to === undefined ? [] : edited.filter((file) => file !== 'base')
  }

  private putNodeBack(session: Session): Promise<Done<PutBack>> {
    const touched = this.touched.get(session.node.name)
    return touched === undefined ? Promise.resolve({ outcome: 'ok' }) : putBackNode(session, touched)
  }

  /** An order that failed, or whose end was not seen, may have left something too; where none got that far, nothing is touched. */
  private mayHaveChanged(name: string): boolean {
    return this.done.get(name)?.outcome !== 'ok' && (this.touched.get(name)?.begun.length ?? 0) > 0
  }

  /** A node has its outcome, or another one than before. */
  private tell(outcome: Changed): void {
    this.done.set(outcome.node, outcome)
    this.width.onNode?.(outcome)
  }
}

/** Why a node that nobody looked at is not through. */
function unseen({ result }: Changed): CancelledError {
  const how = result?.steps.length === 0 ? 'had nothing to change' : 'was changed as told'
  return new CancelledError(`${how}, but was not looked at, as the run was cancelled`)
}

/** What became of a node that was put back, or was to be: never better than `failed`, as the change did not last. */
function accountOf(change: Changed, { outcome, result, error }: NodeOutcome<PutBack>, edited: readonly string[]): Changed {
  if (outcome === 'ok') return change
  const why = change.error ?? reportOf(new FailedError('was changed as told, but the run failed'))
  if (error !== undefined) {
    return { ...change, outcome, error: { ...error, message: `${why.message}; could not be put back: ${error.message}` } }
  }
  const back = result?.to === undefined ? 'put back' : `put back to revision ${result.to}`
  return {
    ...change,
    outcome: 'failed',
    ...(change.result === undefined || result === undefined ? {} : { result: { ...change.result, putBack: result } }),
    error: { ...why, message: `${why.message}; ${back}${editedWords(edited, change.result?.saved)}` },
  }
}

function editedWords(files: readonly string[], saved: string | undefined): string {
  if (files.length === 0) return ''
  const kept = saved === undefined ? '' : `: their text is kept on the node in ${saved}`
  return `, but for what was edited by hand (${files.join(', ')})${kept}`
}
