import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NodeRecord } from '../../src/node/record.ts'
import type { JournalEntry } from '../../src/profile/profile.ts'
import type { TestCli } from './cli.ts'
import { freePort } from './ports.ts'
import { masterPids, parameter } from './postfix.ts'
import type { Sshd } from './sshd.ts'
import { removeFolder } from './temp.ts'

/** A Postfix node as an operator registers it, and the truth about it: its files and processes. */
export class CliNode {
  constructor(
    readonly name: string,
    readonly directory: string,
    readonly listen: string,
  ) {}

  /** The pids of Postfix masters that run from this directory. */
  masters(): readonly number[] {
    return masterPids(this.directory)
  }

  /** A parameter of what Postfix reads. */
  parameter(name: string): string {
    return parameter(this.directory, name)
  }

  path(file: string): string {
    return join(this.directory, file)
  }

  /** The number that `current` points at. */
  revision(): number {
    return Number(readlinkSync(this.path('akctl/current')).split('/').pop())
  }

  /** What the node was told, from its own file. */
  record(): {
    readonly revision: number
    readonly id: string
    readonly settings: Readonly<Record<string, unknown>>
    readonly by: string
    readonly at: string
  } {
    return JSON.parse(readFileSync(this.path('akctl/current/send-module.json'), 'utf8')) as ReturnType<CliNode['record']>
  }

  /** How many orders of a verb have begun here. */
  begun(verb: string): number {
    if (!existsSync(this.path('akctl/orders'))) return 0
    const lines = readFileSync(this.path('akctl/orders'), 'utf8').split('\n')
    return lines.filter((line) => line.includes(` ${verb} begun `)).length
  }

  /** Name, kind, mode and content of everything in the directory, as one sum. */
  sum(): string {
    return treeSum(this.directory)
  }
}

/** Name, kind, mode and content of everything in a folder, as one sum; sockets and pipes by name only. */
export function treeSum(directory: string): string {
  const listing = execFileSync(
    'find',
    [directory, '-printf', '%P %y %m %l %T@ ', '-type', 'f', '-printf', '%s', '-o', '-printf', '\n', '-type', 'd'],
    {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    },
  )
  const contents = execFileSync('sh', ['-c', 'find "$1" -type f -print0 | sort -z | xargs -0 -r sha256sum', 'sh', directory], {
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  })
  return createHash('sha256').update(listing).update(contents).digest('hex')
}

/**
 * Makes Postfix nodes in folders of their own. Called at the top of a test file: what still runs when the file is over
 * is ended, and the folders go.
 */
export function cliNodes(): (cli: TestCli, name: string, options?: NodeOptions) => Promise<CliNode> {
  const root = mkdtempSync(join(tmpdir(), 'akctl-nodes-'))
  chmodSync(root, 0o755) // Postfix works as a user of its own
  afterAll(() => {
    for (const name of readdirSync(root)) for (const pid of masterPids(join(root, name))) process.kill(pid, 'SIGKILL')
    removeFolder(root)
  })
  return async (cli, name, options = {}) => {
    const directory = options.directory ?? join(root, `${name}-${readdirSync(root).length}`)
    mkdirSync(directory, { recursive: true })
    const node = new CliNode(name, directory, `127.0.0.1:${await freePort()}`)
    await cli.ok(['nodes', 'create', name, '--dir', directory, ...accessOf(options), ...(options.flags ?? [])])
    if (options.install !== false)
      await cli.ok(['nodes', 'install', name, '--smtp-listen', node.listen, '--hostname', `${name}.example.com`])
    return node
  }
}

export interface NodeOptions {
  /** Reached by SSH through this server; else on this machine. See `trustSshd`. */
  readonly sshd?: Pick<Sshd, 'port'>
  /** The stored key that logs in there; `main` when not given. */
  readonly key?: string
  /** The directory of a node that another profile has made. */
  readonly directory?: string
  /** False leaves the directory empty. */
  readonly install?: boolean
  /** More flags of `nodes create`. */
  readonly flags?: readonly string[]
}

function accessOf({ sshd, key = 'main' }: NodeOptions): readonly string[] {
  return sshd === undefined ? ['--access', 'local'] : ['--host', '127.0.0.1', '--port', String(sshd.port), '--key', key]
}

/** Takes the key that a private sshd accepts into the profile, and accepts the host key it has. */
export async function trustSshd(cli: TestCli, sshd: Sshd, key = 'main'): Promise<void> {
  await cli.ok(['keys', 'import', key, sshd.key.file])
  await cli.ok(['trust', 'add', sshd.endpoint, '--fingerprint', sshd.hostKey().fingerprint])
}

/** The node's record in the profile's own file. */
export function storedNode(cli: TestCli, name: string): NodeRecord | undefined {
  const file = join(cli.home, 'profiles/default/profile.json')
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly nodes: readonly NodeRecord[] }).nodes.find(
    (node) => node.name === name,
  )
}

/** The journal's own file, entry by entry. */
export function journalOf(cli: TestCli): readonly JournalEntry[] {
  return readFileSync(join(cli.home, 'profiles/default/journal.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as JournalEntry)
}
