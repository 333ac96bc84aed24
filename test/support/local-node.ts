import { readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '../../src/connection/host.ts'
import { LocalHost } from '../../src/connection/local/local-host.ts'
import type { NodeConnection, Order, SyncOrder } from '../../src/connection/port.ts'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { ScriptedConnection } from '../../src/connection/scripted/scripted-connection.ts'
import type { InstallArchive, InstallOptions, Installation, MtaDriver } from '../../src/mta/driver.ts'
import { installScript } from '../../src/mta/shared/operations.ts'
import type { InstallResult } from '../../src/mta/shared/results.ts'
import type { LeaseClaim } from '../../src/node/lease.ts'
import { newOrderId } from '../../src/node/order-id.ts'

/** A node of this machine: a driver over a LocalHost, as akctl itself puts them together, unless it is reached by another way. */
export class LocalNode {
  connection: NodeConnection

  constructor(
    readonly driver: MtaDriver,
    readonly installation: Installation,
    readonly host: Host = new LocalHost('mx-test', false),
  ) {
    this.connection = new ScriptedConnection(this.host, driver, installation, { timeout: 30, changeTimeout: 90 })
  }

  get directory(): string {
    return this.installation.directory
  }

  install(options: InstallOptions, archive?: InstallArchive): Promise<InstallResult> {
    const script = installScript(
      this.driver,
      this.installation,
      { ...options, by: 'test@here', at: '2026-01-01T00:00:00Z' },
      archive,
    )
    return runScript(this.host, script, { timeout: 120 })
  }

  /** The same node, seen with other addresses or another unit. */
  with(change: Partial<Installation>): LocalNode {
    return new LocalNode(this.driver, { ...this.installation, ...change }, this.host)
  }

  /** The number `current` points at. */
  currentRevision(): number {
    return Number(readlinkSync(join(this.directory, 'akctl/current')).split('/').pop())
  }

  /** A file below the directory. */
  read(path: string): string {
    return readFileSync(join(this.directory, path), 'utf8')
  }
}

/** What an order of a run of its own claims. */
export function newClaim(change: Partial<LeaseClaim> = {}): LeaseClaim {
  const own = { id: newOrderId(new Date()), host: 'here', pid: process.pid, operation: 'a test' }
  return { ...own, ttl: 60, keep: false, held: false, ...change }
}

/** A fresh changing order. */
export function newOrder(lockWait = 10): Order {
  const at = new Date()
  return { id: newOrderId(at), by: 'test@here', reason: 'a test', at: at.toISOString(), lockWait, lease: newClaim() }
}

/** A fresh sync order: takes over and restarts unless told otherwise. */
export function newSync(change: Pick<SyncOrder, 'settings'> & Partial<SyncOrder>): SyncOrder {
  return { ...newOrder(), expect: 'any', restart: true, ...change }
}
