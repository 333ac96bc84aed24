import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { LocalHost } from '../../src/connection/local/local-host.ts'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { ScriptedConnection } from '../../src/connection/scripted/scripted-connection.ts'
import type { Host } from '../../src/connection/host.ts'
import type { Order, SyncOrder } from '../../src/connection/port.ts'
import type { Installation } from '../../src/mta/driver.ts'
import { haraka } from '../../src/mta/haraka/driver.ts'
import { installScript } from '../../src/mta/shared/operations.ts'
import type { Settings } from '../../src/node/settings.ts'
import { HarakaArchives } from '../../src/operations/payload/haraka-archive.ts'

/** One cache for all test files and runs of this machine: fetching Haraka takes 10 s. */
const CACHE = join(tmpdir(), `akctl-test-cache-${process.getuid?.() ?? 0}`)
/** The archives of the driver as it is now, from that cache. */
export const testArchives = (): HarakaArchives => new HarakaArchives({ env: { ...process.env, XDG_CACHE_HOME: CACHE } })

/** A node of which akctl thinks that it has Node.js. */
const PROBE = { machine: 'x86_64', node: process.execPath, nodeVersion: process.version, glibc: true }

/** Haraka's programs, unpacked once; every test node links to them. */
async function programs(): Promise<string> {
  const archive = await testArchives().forNode(PROBE)
  if (archive === undefined) throw new Error('no archive')
  const temp = mkdtempSync(join(CACHE, '.unpack-'))
  chmodSync(temp, 0o755) // Haraka goes on as nobody
  execFileSync('tar', ['-xzf', '-', '-C', temp], { input: archive })
  const folder = join(CACHE, `unpacked-${readFileSync(join(temp, 'mta', 'id'), 'utf8').trim()}`)
  if (!existsSync(folder)) renameSync(temp, folder)
  else rmSync(temp, { recursive: true })
  return join(folder, 'mta')
}

/** A free TCP port on a loopback address. */
export async function freePort(address = '127.0.0.1'): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return port
}

/** A Haraka node of this machine in a folder of its own; stopped and removed when the test file is over. */
export class HarakaNode {
  readonly connection: ScriptedConnection

  constructor(
    readonly directory: string,
    readonly port: number,
    readonly installation: Installation,
    readonly host: Host,
  ) {
    this.connection = new ScriptedConnection(host, haraka, installation, { timeout: 30, changeTimeout: 120 })
  }

  order(): Order {
    return { id: randomUUID(), by: 'test@here', reason: '', at: new Date().toISOString(), lockWait: 10 }
  }

  sync(settings: Settings, more: Partial<SyncOrder> = {}): ReturnType<ScriptedConnection['sync']> {
    return this.connection.sync({ ...this.order(), settings, expect: 'any', restart: true, ...more })
  }

  /** A file of the base; undefined content only reads it. */
  base(file: string, content?: string): string {
    const path = join(this.directory, 'base', 'config', file)
    if (content !== undefined) writeFileSync(path, content)
    return readFileSync(path, 'utf8')
  }

  /** Mail for any domain goes to this server. */
  relayTo(port: number, host = '127.0.0.1'): void {
    this.base('relay_dest_domains.ini', `[domains]\nany={"nexthop":"${host}:${port}"}\n`)
  }

  log(): string {
    const file = join(this.directory, 'log', 'haraka.log')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }
}

/** Makes nodes; called at the top of a test file, as it stops and removes them when the file is over. */
export function harakaNodes(): (options?: NodeOptions) => Promise<HarakaNode> {
  const nodes: HarakaNode[] = []
  afterAll(async () => {
    await Promise.all(nodes.map((node) => node.connection.stop(node.order()).catch(() => undefined)))
    for (const { directory } of nodes) rmSync(directory, { recursive: true, force: true })
  })
  return async (options = {}) => {
    const node = await install(options)
    nodes.push(node)
    return node
  }
}

export interface NodeOptions {
  readonly addresses?: readonly string[]
  readonly host?: Host
}

/** Installs a node; not started. */
async function install(options: NodeOptions): Promise<HarakaNode> {
  mkdirSync(CACHE, { recursive: true })
  const directory = mkdtempSync(join(tmpdir(), 'akctl-haraka-'))
  chmodSync(directory, 0o755)
  symlinkSync(await programs(), join(directory, 'mta'))
  const port = await freePort()
  const installation = { directory, addresses: options.addresses ?? [] }
  const node = new HarakaNode(directory, port, installation, options.host ?? new LocalHost('test', false))
  const told = { listen: `127.0.0.1:${port}`, hostname: 'mx.test.example', by: 'test@here', at: new Date().toISOString() }
  await runScript(node.host, installScript(haraka, installation, told), { timeout: 60 })
  return node
}
