import { Secret } from '../../src/node/secret.ts'
import { openHome } from '../../src/profile/home.ts'
import type { TestCli } from './cli.ts'
import { storedNode } from './cli-nodes.ts'
import { OneAccess } from './secret-access.ts'

/** Registers a node behind an agent. */
export async function createHttpsNode(cli: TestCli, name: string, port: number, ...more: string[]): Promise<void> {
  const place = ['--access', 'https', '--host', '127.0.0.1', '--port', String(port), '--dir', `/opt/${name}`]
  await cli.ok(['nodes', 'create', name, ...place, ...more])
}

/** Keeps a node's API key in the profile, as `nodes archive` does; not encrypted. */
export async function keepApiKey(cli: TestCli, name: string, key: string): Promise<void> {
  const profile = await openHome({ AKCTL_HOME: cli.home }, new OneAccess({ kind: 'plain' })).open()
  await profile.secrets.set(`node/${storedNode(cli, name)?.id ?? 0}/api-key`, new Secret(key))
}
