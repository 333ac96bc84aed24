import { chmodSync, existsSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Host } from '../../src/connection/host.ts'
import type { MtaDriver } from '../../src/mta/driver.ts'
import { LocalNode } from './local-node.ts'
import { removeFolder } from './temp.ts'
import functions from './toy-mta.sh'

/** A driver whose MTA is a shell loop: for the shared scripts, which are the same for every MTA. */
export const toy: MtaDriver = {
  name: 'postfix',
  functions,
  making: '',
  support: () => ({ level: 'native', what: 'a line of the file value' }),
  edits: (settings) => Object.entries(settings).map(([key, value]) => [key, String(value)]),
  installArgs: () => [],
  logs: () => ({ name: 'toy logs', text: [], args: [], parse: () => undefined }),
}

/** A folder for toy nodes; what still runs there is killed before it goes. */
export function toyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'akctl-toy-'))
  chmodSync(folder, 0o755)
  afterAll(() => {
    for (const pid of daemons(folder)) process.kill(-pid, 'SIGKILL')
    removeFolder(folder)
  })
  return folder
}

/** Pids of the toy daemons whose directory begins like this, by a look at all of /proc. */
export function daemons(directory: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const [shell, script] = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
        return shell === 'sh' && script?.startsWith(directory) === true && script.endsWith('/run/daemon')
      } catch {
        return false
      }
    })
    .map(Number)
}

/** An installed toy node, stopped. */
export async function toyNode(directory: string, host?: Host): Promise<LocalNode> {
  const node = new LocalNode(toy, { directory, addresses: [] }, host)
  await node.install({ listen: '127.0.0.1:0', hostname: 'toy.example.com' })
  return node
}

/** What the running daemon has read; undefined when it has read nothing. */
export function loaded(directory: string): string | undefined {
  const file = join(directory, 'run/loaded/value')
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined
}
