import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Installation } from '../../src/mta/driver.ts'
import { postfix } from '../../src/mta/postfix/driver.ts'
import { LocalNode } from './local-node.ts'
import { freePort } from './ports.ts'
import { childrenOf } from './processes.ts'
import { removeFolder } from './temp.ts'

/** A Postfix node in a folder, on a free port of a loopback address; nothing is installed yet. */
export async function postfixNode(
  directory: string,
  change: Partial<Installation> & { readonly host?: string } = {},
): Promise<{ readonly node: LocalNode; readonly listen: string }> {
  const { host = '127.0.0.1', ...installation } = change
  const node = new LocalNode(postfix, { directory, addresses: [], ...installation })
  return { node, listen: `${host}:${await freePort(host)}` }
}

/** The pids of Postfix masters that have this directory's pid file open, by a look at all of /proc. */
export function masterPids(directory: string, queue = join(directory, 'queue')): readonly number[] {
  const file = join(queue, 'pid/master.pid')
  const pids = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && comm(name) === 'master' && holds(name, file))
    .map(Number)
  // What a master has just made is its copy, with all it holds open, until it becomes another program.
  const copies = new Set(pids.flatMap((pid) => childrenOf(pid)))
  return pids.filter((pid) => !copies.has(pid))
}

function comm(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
  } catch {
    return ''
  }
}

function holds(pid: string, file: string): boolean {
  try {
    const wanted = statSync(file)
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      const open = statSync(`/proc/${pid}/fd/${fd}`, { throwIfNoEntry: false })
      return open?.ino === wanted.ino && open.dev === wanted.dev
    })
  } catch {
    return false
  }
}

/** A folder for Postfix nodes; at the end, what still runs there is killed before the folder goes. */
export function postfixFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'akctl-postfix-'))
  chmodSync(folder, 0o755) // Postfix works as a user of its own
  afterAll(() => {
    for (const name of readdirSync(folder)) {
      for (const pid of masterPids(join(folder, name))) process.kill(-pid, 'SIGKILL')
    }
    removeFolder(folder)
  })
  return folder
}

/** A parameter of what this directory's Postfix reads, as Postfix's own tool tells it. */
export function parameter(directory: string, name: string, conf = 'akctl/live/conf'): string {
  return execFileSync('postconf', ['-c', join(directory, conf), '-h', name], { encoding: 'utf8' }).trim()
}
