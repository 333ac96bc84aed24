import type { Done } from '../../fleet/fan-out.ts'
import type { Share } from '../../fleet/share.ts'
import { wavesOf } from '../../fleet/waves.ts'
import type { NodeState } from '../../node/state.ts'
import { FailBudget } from '../../fleet/fail-budget.ts'
import { FailedError, reportOf } from '../../outcome/errors.ts'
import type { NodeOutcome, Outcome } from '../../outcome/outcome.ts'
import type { Context } from '../context.ts'
import type { ChangeResult, PutBack } from '../mta/results.ts'
import type { Fleet } from '../node/fleet.ts'
import { pause } from '../node/pause.ts'
import type { Session } from '../node/session.ts'
import { visitPart, whole, type Change, type Shared, type Width } from '../node/visit.ts'
import { passGate, type Gate } from './gate.ts'
import { PUT_BACK, putBackNode } from './put-back.ts'

/** How a change goes over a fleet part by part. */
export interface Waves {
  /** The waves' sizes; the last one repeats. */
  readonly serial: readonly Share[]
  /** Seconds that a wave's nodes work before they are looked at and the next wave starts. */
  readonly pause: number
  /** Undefined: nobody looks at them. */
  readonly gate: Gate | undefined
  /** What is done when too many nodes have failed: nothing more, or what was changed is put back too. */
  readonly onFailure: 'stop' | 'rollback'
}

type Changed = NodeOutcome<ChangeResult>

/**
 * Changes a fleet in waves. A wave starts when the one before has passed its health gate and not too many nodes (without
 * --max-fail: one) have failed; what is not reached is `skipped`.
 * @returns one outcome a node, in the order of the selection. A node that did not pass the gate, or was put back, is `failed`
 */
export function changeInWaves(
  context: Context,
  fleet: Fleet,
  width: Width,
  purpose: Change,
  waves: Waves,
  work: (session: Session) => Promise<Done<ChangeResult>>,
): Promise<readonly Changed[]> {
  const limit = width.maxFail ?? { amount: 1, unit: 'nodes' }
  return whole(context, fleet, { maxFail: limit }, purpose, (shared) =>
    new Rollout(context, fleet, width, purpose, waves, shared).run(work),
  )
}

/** One run in waves, and what it has to remember of its nodes. */
class Rollout {
  private readonly before = new Map<string, NodeState>()
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
    const parts = wavesOf(fleet.nodes, waves.serial)
    for (const [index, nodes] of parts.entries()) {
      const last = index === parts.length - 1
      if (this.goesOn) shared.watch.part(`wave ${index + 1} of ${parts.length}: ${counted(nodes.length)}`)
      const part = { ...fleet, nodes }
      const outcomes = await visitPart(context, part, this.own, this.purpose, (session) => this.remembered(session, work), shared)
      for (const outcome of outcomes) this.done.set(outcome.node, outcome)
      if (!last && this.goesOn) await pause(waves.pause, context.signal)
      await this.gate(part)
      for (const { name } of nodes) this.tell(name)
    }
    if (shared.budget.spent && waves.onFailure === 'rollback') await this.putBack()
    return fleet.nodes.flatMap(({ name }) => this.done.get(name) ?? [])
  }

  private get goesOn(): boolean {
    return !this.shared.budget.spent && !this.context.signal.aborted
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
    this.before.set(session.node.name, await session.before())
    return work(session)
  }

  /** Nodes that were changed are looked at; one that is not well has failed. */
  private async gate(part: Fleet): Promise<void> {
    const { context, shared, waves } = this
    const { gate } = waves
    const nodes = part.nodes.filter(({ name }) => this.done.get(name)?.outcome === 'changed')
    if (gate === undefined || nodes.length === 0 || context.signal.aborted) return
    const passed = await visitPart<ChangeResult>(
      context,
      { ...part, nodes },
      this.own,
      { kind: 'read' },
      async (session) => {
        const { name } = session.node
        const [before, change] = [this.before.get(name), this.done.get(name)?.result]
        if (before === undefined || change === undefined) return { outcome: 'changed' }
        return passGate(session, change, before, gate)
      },
      this.later,
    )
    for (const { node, outcome, error } of passed) {
      const change = this.done.get(node)
      if (outcome === 'changed' || change === undefined) continue
      shared.budget.count(outcome)
      this.done.set(node, { ...change, outcome, ...(error === undefined ? {} : { error }) })
      await this.journal(node, outcome, error?.message ?? '')
    }
  }

  /** Beside the line of the order, which went well. */
  private async journal(node: string, outcome: Outcome, message: string): Promise<void> {
    const { context, fleet, purpose } = this
    const at = context.clock().toISOString()
    await fleet.profile.journal.append([{ at, by: context.operator, verb: purpose.verb, node, outcome, message }])
  }

  /** Puts back what this run changed, and says which. */
  private async putBack(): Promise<void> {
    const { context, fleet, shared } = this
    const nodes = fleet.nodes.filter(({ name }) => this.mayHaveChanged(name))
    if (nodes.length === 0) return
    if (context.signal.aborted) {
      context.warn(`nothing was put back, as the run was cancelled: ${nodes.map(({ name }) => name).join(' ')}`)
      return
    }
    shared.watch.part(`rollback: ${counted(nodes.length)}`)
    const purpose = { kind: 'change', verb: 'mta rollback', reason: PUT_BACK } as const
    const outcomes = await visitPart(context, { ...fleet, nodes }, this.own, purpose, (own) => this.putNodeBack(own), this.later)
    for (const outcome of outcomes) {
      const change = this.done.get(outcome.node)
      if (change !== undefined) this.done.set(outcome.node, accountOf(change, outcome))
      this.tell(outcome.node)
    }
    const back = outcomes.filter(({ outcome }) => outcome === 'changed').map(({ node }) => node)
    if (back.length > 0) context.warn(`put back to what they had before this run: ${back.join(' ')}`)
  }

  private putNodeBack(session: Session): Promise<Done<PutBack>> {
    const before = this.before.get(session.node.name)
    return before === undefined ? Promise.resolve({ outcome: 'ok' }) : putBackNode(session, before)
  }

  /** An order that failed, or whose end was not seen, may have left something too. */
  private mayHaveChanged(name: string): boolean {
    const outcome = this.done.get(name)?.outcome
    return outcome !== undefined && outcome !== 'ok' && this.before.has(name)
  }

  private tell(name: string): void {
    const outcome = this.done.get(name)
    if (outcome !== undefined) this.width.onNode?.(outcome)
  }
}

/** What became of a node that was put back, or was to be: never better than `failed`, as the change did not last. */
function accountOf(change: Changed, { outcome, result, error }: NodeOutcome<PutBack>): Changed {
  if (outcome === 'ok') return change
  if (outcome === 'changed' && result !== undefined) {
    const why = change.error ?? reportOf(new FailedError('was changed as told, but the run failed'))
    const back = result.to === undefined ? '' : ` to revision ${result.to}`
    return {
      node: change.node,
      outcome: change.error === undefined ? 'failed' : change.outcome,
      ...(change.result === undefined ? {} : { result: { ...change.result, putBack: result } }),
      error: { ...why, message: `${why.message}; put back${back}` },
    }
  }
  const why = error === undefined ? [] : [error.message]
  const first = change.error?.message ?? 'was changed as told, but the run failed'
  return {
    ...change,
    outcome,
    error: { ...(error ?? reportOf(new FailedError(''))), message: `${first}; could not be put back: ${why.join('')}` },
  }
}

function counted(nodes: number): string {
  return nodes === 1 ? '1 node' : `${nodes} nodes`
}
