import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seed } from '../bench/seed.ts'
import type { TestCli } from '../support/cli.ts'
import { CliNode } from '../support/cli-nodes.ts'
import { keepApiKey } from '../support/https-node.ts'
import { makeKey } from '../support/sshd.ts'
import type { Network } from './network.ts'
import { PLACES, type Place } from './places.ts'
import { type Folders, startAgent, startSshd } from './servers.ts'

const API_KEY = 'a-key-of-the-lab-0123456789'

/** A node of the room, and the truth about it: its files, seen from outside, and its processes. */
export class LabNode extends CliNode {
  constructor(
    readonly place: Place,
    readonly folders: Folders,
    private readonly root: string,
  ) {
    super(place.name, `${root}${folders.own}/mta`, '127.0.0.1:25')
  }

  /** The folder of its sshd. */
  get sshd(): string {
    return `${this.folders.own}/sshd`
  }

  /** A parameter in what Postfix reads, without a start of Postfix's own tool for each. */
  override parameter(name: string): string {
    const lines = [...readFileSync(this.path('akctl/live/conf/main.cf'), 'utf8').matchAll(/^(\w+) *= *(.*)$/gm)]
    return lines.findLast(([, key]) => key === name)?.[2] ?? ''
  }

  /** The revision that the MTA has loaded last. */
  loaded(): number | undefined {
    const found = /^\d+ /.exec(this.own('akctl/loaded'))
    return found === null ? undefined : Number(found[0])
  }

  /** The lease on it; empty when nobody has one. */
  lease(): string {
    return this.own('akctl/lease')
  }

  /** The sshd's log. */
  log(): string {
    return readFileSync(`${this.root}${this.sshd}/log`, 'utf8')
  }

  private own(file: string): string {
    try {
      return readFileSync(this.path(file), 'utf8')
    } catch {
      return ''
    }
  }
}

/**
 * Thirty real Postfix instances, each with an sshd (or agent) of its own on a host of its own: registered, prepared, and some
 * of them running.
 * @param folder of the network, empty
 */
export async function raiseFleet(cli: TestCli, network: Network, folder: string): Promise<readonly LabNode[]> {
  const mta = join(folder, 'mta')
  const nodes = PLACES.map((place) => new LabNode(place, { own: join(folder, place.name), mta }, network.root))
  const [ssh, https] = (['ssh', 'https'] as const).map((access) => nodes.filter(({ place }) => place.access === access))
  const key = makeKey(join(cli.env['HOME'] ?? '', 'client'))
  await cli.ok(['keys', 'import', 'main', key.file])
  await seed(cli.home, nodes.map(recordOf))
  network.run(`mkdir ${mta}\n${nodes.map(diskOf).join('\n')}`)
  network.run(ssh!.map((node) => sshdOf(node, key.publicLine)).join('\n'))
  const known = join(cli.home, 'known_hosts')
  writeFileSync(known, ssh!.map((node) => knownHost(node, network)).join(''))
  await cli.ok(['trust', 'add', '--from-known-hosts', known])
  await prepare(cli, network, nodes)
  await Promise.all(https!.map((node) => agentOf(cli, network, node)))
  const running = nodes.filter(({ place }) => place.running).map(({ name }) => name)
  await cli.ok(['mta', 'start', ...running, '--no-sync', '--concurrency', '3'], { timeout: 120 })
  return nodes
}

function recordOf({ name, folders, place: { address, access } }: LabNode): Parameters<typeof seed>[1][number] {
  const login = access === 'ssh' ? { user: 'root', key: 'main' } : {}
  return { name, host: address, directory: folders.mta, access, ...login }
}

/** The disk of the node whose disk gets full later is a small one of its own. */
function diskOf({ place, folders: { own } }: LabNode): string {
  const disk = place.fault === 'full-disk' ? `mount -t tmpfs -o size=4m,mode=755 tmpfs ${own}/mta` : ''
  return `mkdir -p ${own}/mta\n${disk}`
}

function sshdOf({ place, folders, sshd }: LabNode, publicLine: string): string {
  return `mkdir -p ${sshd}\necho '${publicLine}' >${sshd}/authorized_keys\n${startSshd(place, folders)}`
}

function knownHost({ place: { address }, sshd }: LabNode, { root }: Network): string {
  return `${address} ${readFileSync(`${root}${sshd}/host_key.pub`, 'utf8')}`
}

/** akctl prepares the first one; the others are copies of it, as of machines that are made from one image. */
async function prepare(cli: TestCli, network: Network, [first, ...others]: readonly LabNode[]): Promise<void> {
  if (first === undefined) return
  await cli.ok(['nodes', 'install', first.name, '--smtp-listen', first.listen, '--hostname', 'mx.example.com'])
  network.run(others.map(({ folders }) => `cp -a ${first.folders.own}/mta/. ${folders.own}/mta`).join('\n'))
}

async function agentOf(cli: TestCli, network: Network, { name, place, folders }: LabNode): Promise<void> {
  const print = await startAgent(network, place, folders, API_KEY)
  await cli.ok(['trust', 'add', name, '--fingerprint', print])
  await keepApiKey(cli, name, API_KEY)
}
