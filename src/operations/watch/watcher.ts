import type { Done } from '../../fleet/fan-out.ts'
import { doneOf } from '../../fleet/fan-out.ts'
import { conditionOf, type Condition } from '../../node/condition.ts'
import { settingsToPush } from '../../node/effective.ts'
import type { NodeRecord } from '../../node/record.ts'
import { FailedError } from '../../outcome/errors.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { WatchedNode } from '../../profile/profile.ts'
import type { Context } from '../context.ts'
import type { Fleet } from '../run/fleet.ts'
import type { Session } from '../run/session.ts'
import { journalVisit, visitPart, whole } from '../run/visit.ts'
import { type Restart, restart } from './act.ts'
import { judge, judgeAct, unseen } from './judge.ts'
import type { WatchedResult, WatchEvent, WatchEventName, WatchOptions } from './results.ts'
import { wordsOf } from './words.ts'

/** Tells an event to whoever wants to know; resolved once a notification has ended. */
export type Tell = (event: WatchEvent) => Promise<void>

/** Looks at nodes, restarts what should run, and keeps account of each node. Times of nodes at work may overlap. */
export class Watcher {
  private readonly kept = new Map<number, WatchedNode>()
  /** What is on disk, as written last. */
  private stored = ''
  private saving: Promise<void> = Promise.resolve()
  private readonly busy = new Set<string>()
  private readonly telling = new Set<Promise<void>>()

  constructor(
    private readonly context: Context,
    private readonly options: WatchOptions,
    private readonly tell: Tell,
  ) {}

  /** Takes up what an earlier watch of this profile has kept. */
  async begin(): Promise<void> {
    for (const node of await (await this.context.profile()).watch.read()) this.kept.set(node.node, node)
  }

  /** One look at every node of the fleet that is not still being looked at. */
  async round(fleet: Fleet): Promise<readonly NodeOutcome<WatchedResult>[]> {
    const nodes = fleet.nodes.filter(({ name }) => !this.busy.has(name))
    const concurrency = Math.max(1, this.options.concurrency - this.busy.size)
    for (const { name } of nodes) this.busy.add(name)
    const onNode = (outcome: NodeOutcome<unknown>): void => this.settled(fleet, outcome)
    try {
      const part = { ...fleet, nodes }
      const purpose = { kind: 'look' } as const
      return await whole(this.context, part, { unwatched: true }, purpose, (shared) =>
        visitPart<WatchedResult>(
          this.context,
          part,
          { concurrency, onNode },
          purpose,
          (session) => this.look(session),
          { ...shared, ask: false }, // it may be watched for days, and nobody be there
        ),
      )
    } catch (error) {
      for (const { name } of nodes) this.busy.delete(name)
      throw error
    } finally {
      await this.save(fleet)
      await Promise.all(this.telling)
    }
  }

  /** A node that could not be asked; what `look` has found is said there. */
  private settled(fleet: Fleet, { node: name, outcome, result, error }: NodeOutcome<unknown>): void {
    this.busy.delete(name)
    const node = fleet.nodes.find((each) => each.name === name)
    if (result !== undefined || outcome === 'cancelled' || node === undefined) return
    const { kept, events } = judge(
      this.of(node),
      { condition: 'unreachable', uptime: 0 },
      { ...this.options, acts: false },
      this.now(),
    )
    this.kept.set(node.id, kept)
    const why = error?.message
    const observed = isObserved(settingsToPush(node.settings, fleet.defaults))
    const told = this.say(node, events, { observed, why }, { outcome })
    this.telling.add(told)
    void told.finally(() => this.telling.delete(told))
  }

  private async look(session: Session): Promise<Done<WatchedResult>> {
    const { node, connection } = session
    const before = this.of(node)
    const state = await connection.status({ answers: true })
    const observed = isObserved(session.wanted)
    const condition = conditionOf(state, before.ran, this.options.steady)
    const found = judge(before, { condition, uptime: state.uptime ?? 0 }, { ...this.options, acts: observed }, this.now())
    this.kept.set(node.id, found.kept)
    const told = this.say(node, found.events, { observed }, {}, before.tries)
    if (found.events.includes('gave-up')) {
      await journalVisit(session, 'mta watch', 'failed', wordsOf('gave-up', this.about(node, { observed })))
    }
    const done = found.act ? await this.act(session, before, found.kept) : this.left(node, condition, observed)
    await told
    return done
  }

  /** Restarts a node's MTA. What is kept by now is on disk before the order leaves. */
  private async act(session: Session, before: WatchedNode, judged: WatchedNode): Promise<Done<WatchedResult>> {
    const { node, profile } = session
    await this.save({ profile })
    const acted: Restart = await restart(session)
    const { kept, events } = judgeAct(before, judged, acted, this.options.maxTries)
    this.kept.set(node.id, kept)
    const about = { observed: true, why: acted.kind === 'error' ? acted.done.error?.message : undefined }
    const facts = acted.kind === 'restarted' && acted.pid !== undefined ? { pid: acted.pid } : {}
    const id = session.account.orderIds.at(-1)
    if (id !== undefined) {
      const [event] = events
      const outcome = acted.kind === 'error' ? acted.done.outcome : acted.kind === 'restarted' ? 'changed' : 'ok'
      const words = event === undefined ? about.why : wordsOf(event, this.about(node, about))
      await journalVisit(session, 'mta watch', outcome, words)
    }
    if (events.includes('gave-up')) {
      await journalVisit(session, 'mta watch', 'failed', wordsOf('gave-up', this.about(node, about)))
    }
    await this.say(node, events, about, { ...facts, ...(id === undefined ? {} : { orderId: id }) })
    const result = this.resultOf(node, true, acted.kind === 'restarted')
    if (acted.kind === 'error') return { ...acted.done, result }
    return { outcome: acted.kind === 'restarted' ? 'changed' : 'ok', result }
  }

  /** A look after which nothing is done. What should run and does not is a failure of a node that is observed. */
  private left(node: NodeRecord, condition: Condition, observed: boolean): Done<WatchedResult> {
    const result = { ...this.resultOf(node, observed, false), condition }
    if (!observed || (condition !== 'down' && condition !== 'mute')) return { outcome: 'ok', result }
    const event = result.gaveUp ? 'gave-up' : condition
    const next = result.gaveUp ? '' : `; the next restart is not tried before ${result.next ?? 'the next look'}`
    const error = new FailedError(`${wordsOf(event, this.about(node, { observed }))}${next}`, {
      hints: [`akctl node logs ${node.name} shows why`, `akctl mta start ${node.name}`],
    })
    return { ...doneOf(error), result }
  }

  private resultOf(node: NodeRecord, observed: boolean, restarted: boolean): WatchedResult {
    const { condition, tries, gaveUp, next } = this.of(node)
    const waits = next > this.now() && !gaveUp ? { next: new Date(next).toISOString() } : {}
    return { condition, observed, restarted, tries, gaveUp, ...waits }
  }

  private async say(
    node: NodeRecord,
    events: readonly WatchEventName[],
    about: { readonly observed: boolean; readonly why?: string | undefined },
    facts: Partial<WatchEvent> = {},
    tries = this.of(node).tries,
  ): Promise<void> {
    const counted = tries > 0 ? { tries, maxTries: this.options.maxTries } : {}
    const at = this.context.clock().toISOString()
    const words = events.map((event) => wordsOf(event, this.about(node, about))) // now: what is kept changes while they are told
    for (const [index, event] of events.entries()) {
      const message = words[index] ?? ''
      if (event === 'gave-up') this.context.warn(`${node.name}: ${message}`)
      await this.tell({ at, event, node: node.name, message, ...counted, ...facts })
    }
  }

  private about(
    node: NodeRecord,
    about: { readonly observed: boolean; readonly why?: string | undefined },
  ): Parameters<typeof wordsOf>[1] {
    return { ...about, kept: this.of(node), options: this.options, now: this.now() }
  }

  private of({ id }: NodeRecord): WatchedNode {
    return this.kept.get(id) ?? unseen(id)
  }

  private now(): number {
    return this.context.clock().getTime()
  }

  /** Puts on disk what is kept, of nodes that are still there; one write after another, and none where nothing changed. */
  private save({ profile }: Pick<Fleet, 'profile'>): Promise<void> {
    this.saving = this.saving
      .catch(() => undefined)
      .then(async () => {
        const known = new Set((await profile.read()).nodes.map(({ id }) => id))
        for (const id of this.kept.keys()) if (!known.has(id)) this.kept.delete(id)
        const nodes = [...this.kept.values()].sort((a, b) => a.node - b.node)
        const text = JSON.stringify(nodes)
        if (text === this.stored) return
        await profile.watch.write(nodes)
        this.stored = text
      })
    return this.saving
  }
}

function isObserved(wanted: Session['wanted']): boolean {
  return wanted['mta-observer'] === true
}
