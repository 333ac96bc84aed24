import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { InstallArchive, Installation } from '../../src/mta/driver.ts'
import { haraka } from '../../src/mta/haraka/driver.ts'
import { HarakaArchives } from '../../src/operations/payload/haraka-archive.ts'
import { LocalNode, newOrder } from './local-node.ts'
import { freePort } from './ports.ts'
import { removeFolder } from './temp.ts'

/** One cache for all test files and runs of this machine: fetching Haraka takes 10 s. A run says where when its TMPDIR is its own. */
export const harakaCache = (): string =>
  process.env['AKCTL_TEST_CACHE'] ?? join(tmpdir(), `akctl-test-cache-${process.getuid?.() ?? 0}`)

/** The archive for this machine, which has Node.js, of the driver as it is now. */
export async function harakaArchive(): Promise<InstallArchive> {
  mkdirSync(harakaCache(), { recursive: true })
  const archives = new HarakaArchives({ env: { ...process.env, XDG_CACHE_HOME: harakaCache() } })
  const archive = await archives.forNode({ machine: 'x86_64', nodeVersion: process.version, glibc: true })
  if (archive === undefined) throw new Error('no archive was made')
  return archive
}

/** The folder of Haraka's programs, unpacked once a machine; test nodes link to it. */
export async function harakaPrograms(): Promise<string> {
  const archive = await harakaArchive()
  const folder = join(harakaCache(), `unpacked-${createHash('sha256').update(archive).digest('hex').slice(0, 16)}`)
  if (!existsSync(folder)) {
    const temp = mkdtempSync(join(harakaCache(), '.unpack-'))
    chmodSync(temp, 0o755) // Haraka goes on as nobody
    execFileSync('tar', ['-xzf', '-', '-C', temp], { input: archive })
    try {
      renameSync(temp, folder)
    } catch {
      rmSync(temp, { recursive: true }) // another test file was faster
    }
  }
  return join(folder, 'mta')
}

/** A Haraka node of this machine, with what tests do to it besides akctl. */
export class HarakaNode extends LocalNode {
  constructor(
    installation: Installation,
    readonly port: number,
  ) {
    super(haraka, installation)
  }

  start(): Promise<unknown> {
    return this.connection.start(newOrder())
  }

  /** Replaces a file of the base's config. */
  base(file: string, content: string): void {
    writeFileSync(join(this.directory, 'base', 'config', file), content)
  }

  /** Adds a line to a file of the base's config; every reader takes the last assignment of a key. */
  addToBase(file: string, line: string): void {
    writeFileSync(join(this.directory, 'base', 'config', file), `${line}\n`, { flag: 'a' })
  }

  /** All mail goes to this server. */
  relayTo(port: number, host = '127.0.0.1'): void {
    this.base('relay_dest_domains.ini', `[domains]\nany={"nexthop":"${host}:${port}"}\n`)
  }

  log(): string {
    return existsSync(join(this.directory, 'log/haraka.log')) ? this.read('log/haraka.log') : ''
  }

  /** The spool's messages, by file name. */
  spool(): readonly string[] {
    return readdirSync(join(this.directory, 'queue')).filter((name) => /^\d+_/.test(name))
  }
}

/**
 * Makes installed nodes that are not started. Called at the top of a test file: what still runs when the file is
 * over is ended, and the folders go.
 */
export function harakaNodes(): (change?: Partial<Installation>) => Promise<HarakaNode> {
  const directories: string[] = []
  afterAll(() => {
    for (const directory of directories) {
      for (const pid of harakaPids(directory)) process.kill(pid, 'SIGKILL')
      removeFolder(directory)
    }
  })
  return async (change = {}) => {
    const directory = mkdtempSync(join(tmpdir(), 'akctl-haraka-'))
    directories.push(directory)
    chmodSync(directory, 0o755)
    symlinkSync(await harakaPrograms(), join(directory, 'mta'))
    const node = new HarakaNode({ directory, addresses: [], ...change }, await freePort())
    await node.install({ listen: `127.0.0.1:${node.port}`, hostname: 'mx.example.com' })
    return node
  }
}

/** The pids of Harakas whose configuration is below this directory, by a look at all of /proc. */
export function harakaPids(directory: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && environment(name).includes(`HARAKA=${directory}/akctl/live/conf`))
    .map(Number)
}

function environment(pid: string): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
  } catch {
    return []
  }
}
