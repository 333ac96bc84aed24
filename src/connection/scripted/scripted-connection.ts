import type { Installation, LogQuery, MtaDriver } from '../../mta/driver.ts'
import type { LogRecord } from '../../mta/logs.ts'
import { applyScript, orderScript, powerScript, statusScript } from '../../mta/shared/operations.ts'
import type { ApplyResult, InterfaceInfo, Preview, PreviewOf, TextDiff, VerbResult } from '../../mta/shared/results.ts'
import { interfacesScript, leaseScript, previewScript, rollbackScript } from '../../mta/shared/inspection.ts'
import type { LeaseState } from '../../node/lease.ts'
import type { OrderState } from '../../node/revision.ts'
import type { Settings } from '../../node/settings.ts'
import type { NodeState } from '../../node/state.ts'
import { programOf } from '../../script/program.ts'
import type { Script } from '../../script/script.ts'
import type { Host } from '../host.ts'
import type { Expected, NodeConnection, Order, RollbackOrder, StartOrder, StatusQuery, SyncOrder } from '../port.ts'
import { prepared, runScript } from './run-script.ts'

/** What a scripted connection needs to know. Times in seconds. */
export interface ScriptedOptions {
  /** For reading calls. */
  readonly timeout: number
  /** For changing calls: a restart that waits until it is healthy takes longer than a status. */
  readonly changeTimeout: number
  readonly signal?: AbortSignal
}

/** A node reached by running its driver's scripts on a host: the whole of SSH and local access. */
export class ScriptedConnection implements NodeConnection {
  constructor(
    private readonly host: Host,
    private readonly driver: MtaDriver,
    private readonly installation: Installation,
    private readonly options: ScriptedOptions,
  ) {}

  status(query?: StatusQuery): Promise<NodeState> {
    return this.run(() => statusScript(this.driver, this.installation, query))
  }

  start(order: StartOrder): Promise<VerbResult> {
    return this.run(() => powerScript(this.driver, this.installation, 'start', order))
  }

  stop(order: Order): Promise<VerbResult> {
    return this.run(() => powerScript(this.driver, this.installation, 'stop', order))
  }

  restart(order: Order): Promise<VerbResult> {
    return this.run(() => powerScript(this.driver, this.installation, 'restart', order))
  }

  sync(order: SyncOrder): Promise<ApplyResult> {
    const { settings, lockWait, restart } = order
    return this.run(() => {
      const edits = this.driver.edits(settings, this.installation)
      const request = { head: order, settings, edits, expect: expectText(order), lockWait, restart }
      return applyScript(this.driver, this.installation, request)
    })
  }

  async diff(settings: Settings): Promise<readonly TextDiff[]> {
    const { files } = await this.preview({ settings })
    return files
  }

  preview(of: PreviewOf): Promise<Preview> {
    return this.run(() => {
      const what = 'to' in of ? of.to : this.driver.edits(of.settings, this.installation)
      return previewScript(this.driver, this.installation, what)
    })
  }

  rollback(order: RollbackOrder, to?: number): Promise<ApplyResult> {
    return this.run(() => rollbackScript(this.driver, this.installation, order, to, expectText(order)))
  }

  order(id: string): Promise<OrderState> {
    return this.run(() => orderScript(this.driver, this.installation, id))
  }

  giveUp(id: string, lockWait: number): Promise<OrderState> {
    return this.run(() => orderScript(this.driver, this.installation, id, { lockWait }))
  }

  lease(): Promise<LeaseState> {
    return this.run(() => leaseScript(this.driver, this.installation, { action: 'show' }))
  }

  renewLease(id: string, ttl: number): Promise<LeaseState> {
    return this.run(() => leaseScript(this.driver, this.installation, { action: 'renew', id, ttl }))
  }

  releaseLease(id: string): Promise<LeaseState> {
    return this.run(() => leaseScript(this.driver, this.installation, { action: 'release', id }))
  }

  interfaces(): Promise<readonly InterfaceInfo[]> {
    return this.run(() => interfacesScript(this.driver, this.installation))
  }

  async *logs(query: LogQuery): AsyncIterable<LogRecord> {
    const feed = prepared(() => this.driver.logs(this.installation, query))
    const signal = this.options.signal
    const program = prepared(() => programOf(feed))
    const open = await this.host.feed(program.text, signal === undefined ? {} : { signal })
    try {
      for await (const line of open.lines) {
        const record = feed.parse(line)
        if (record !== undefined) yield record
      }
    } finally {
      await open.close()
    }
  }

  close(): Promise<void> {
    return this.host.close()
  }

  private async run<T>(make: () => Script<T>): Promise<T> {
    const script = prepared(make)
    const { signal, timeout, changeTimeout } = this.options
    const seconds = script.changes ? changeTimeout : timeout
    return runScript(this.host, script, { timeout: seconds, ...(signal === undefined ? {} : { signal }) })
  }
}

/** An expectation as the node's scripts take it: `any`, `none`, or a revision and, where it is known, its id. */
function expectText({ expect = 'any', expectId }: Partial<Expected>): string {
  return typeof expect === 'number' && expectId !== undefined ? `${expect} ${expectId}` : String(expect)
}
