import type { AgentConnection } from '../connection/agent/agent-connection.ts'
import type { Host } from '../connection/host.ts'
import type { IdentityPolicy } from '../connection/identity-policy.ts'
import type { NodeConnection } from '../connection/port.ts'
import type { SshEndpoint, SshTarget } from '../connection/ssh/target.ts'
import { ScriptedConnection } from '../connection/scripted/scripted-connection.ts'
import { LocalHost } from '../connection/local/local-host.ts'
import { driverOf } from '../mta/drivers.ts'
import type { Installation } from '../mta/driver.ts'
import { type NodeRecord, endpoint, endpointPort } from '../node/record.ts'
import type { Secret } from '../node/secret.ts'
import type { ShownIdentity } from '../node/trust.ts'
import { UsageError } from '../outcome/errors.ts'
import type { Connector, Context, KeepingOpener, Opener } from './context.ts'
import { KeptHosts } from './kept-hosts.ts'
import { Lookups } from './lookups.ts'

/** Connects with what the profile knows: keys, accepted identities, timeouts. One serves all nodes of a run. */
export class ProfileConnector implements Connector {
  private readonly lookups: Lookups

  constructor(private readonly context: Context) {
    this.lookups = new Lookups(context)
  }

  open(node: NodeRecord, options: Parameters<Opener['open']>[1]): Promise<NodeConnection> {
    return this.openBy(node, options, (make) => make())
  }

  /** Only SSH is worth keeping: this machine needs no connection, and TLS is made anew at a third of the price. */
  keeping(): KeepingOpener {
    const kept = new KeptHosts()
    return {
      open: (node, options) => this.openBy(node, options, (make) => (node.access === 'ssh' ? kept.take(node, make) : make())),
      end: () => kept.end(),
    }
  }

  private async openBy(
    node: NodeRecord,
    { ask, signal = this.context.signal }: Parameters<Opener['open']>[1],
    hostBy: (make: () => Promise<Host>) => Promise<Host>,
  ): Promise<NodeConnection> {
    if (node.access === 'https') return openAgent(this.context, node, { ask, signal }, this.lookups)
    const host = await hostBy(() => openHost(this.context, node, ask, this.lookups))
    return connectionOver(this.context, host, node, signal)
  }
}

/** A node's connection over a host that is there already; closing it closes the host. */
export function connectionOver(context: Context, host: Host, node: NodeRecord, signal: AbortSignal): NodeConnection {
  const { commandTimeout, changeTimeout, lockWait } = context.run
  return new ScriptedConnection(host, driverOf(node.mta), installationOf(node), {
    timeout: commandTimeout,
    changeTimeout: changeTimeout + lockWait,
    signal,
  })
}

/** Where a node's MTA lives, as drivers see it. */
export function installationOf(node: NodeRecord): Installation {
  const { directory, addresses, service } = node
  return { directory, addresses, ...(service === undefined ? {} : { service }) }
}

/**
 * The host of a scripted node; SSH is loaded only for a node that needs it.
 * @throws UsageError for an https node: no script ever crosses the agent's border
 */
export async function openHost(
  context: Context,
  node: NodeRecord,
  ask: boolean,
  lookups: Lookups = new Lookups(context),
): Promise<Host> {
  if (node.access === 'local') return new LocalHost(node.name, node.sudo)
  if (node.access === 'https') throw noScripts(node)
  const { SshHost, newSshShared } = await import('../connection/ssh/ssh-host.ts')
  const { connectTimeout, authTimeout, keepAlive } = context.run
  const timeouts = { connect: connectTimeout, auth: authTimeout, keepAlive }
  const policy = identityPolicy(context, node, ask, lookups)
  return new SshHost(sshTarget(node, lookups), policy, timeouts, lookups.sshShared(newSshShared))
}

/** No script crosses an agent's border; what scripts would install comes with the agent's archive. */
export function noScripts({ name }: NodeRecord): UsageError {
  return new UsageError(`${name} is reached by https: its mail server comes with the archive that is unpacked there`, {
    hints: [`akctl nodes archive ${name} --out FILE`],
  })
}

/**
 * The connection to a node's agent; HTTPS is loaded only for a node that needs it, and nothing is opened before the
 * first call. `apiKey` is for another key than the one in use.
 */
export async function openAgent(
  context: Context,
  node: NodeRecord,
  options: Required<Parameters<Opener['open']>[1]> & { readonly apiKey?: () => Promise<Secret> },
  lookups: Lookups = new Lookups(context),
): Promise<AgentConnection> {
  const { AgentConnection } = await import('../connection/agent/agent-connection.ts')
  const { connectTimeout, commandTimeout, changeTimeout, lockWait } = context.run
  const { name, host, addresses } = node
  const target = { name, host, port: endpointPort(node), addresses, apiKey: options.apiKey ?? (() => lookups.apiKey(node)) }
  return new AgentConnection(target, {
    policy: certificatePolicy(context, node, options.ask, lookups),
    timeouts: { connect: connectTimeout, command: commandTimeout, change: changeTimeout + lockWait },
    signal: options.signal,
    env: context.env,
    clock: context.clock,
  })
}

/** A node's SSH endpoint, its login and its jump host. */
export function sshTarget(node: NodeRecord, lookups: Lookups): SshTarget {
  const { name, sudo, host, jump } = node
  const own: SshEndpoint = {
    host,
    port: endpointPort(node),
    user: node.user ?? 'root',
    credential: () => lookups.credential(node.key ?? 'agent', node.name),
  }
  const via: SshEndpoint | undefined = jump && {
    host: jump.host,
    port: jump.port,
    user: jump.user,
    credential: () => lookups.credential(jump.key, node.name),
  }
  return { ...own, name, sudo, ...(via === undefined ? {} : { jump: via }) }
}

/** What is accepted at an endpoint, and whether an unknown identity may be asked about. */
export function identityPolicy(context: Context, node: NodeRecord, ask: boolean, lookups: Lookups): IdentityPolicy {
  return {
    known: (endpoint: string) => lookups.identities(endpoint),
    trustCommand: (shown: ShownIdentity) => {
      const jump = shown.endpoint === endpoint(node.host, endpointPort(node)) ? '' : ' --jump'
      return `akctl trust add ${node.name}${jump} --fingerprint ${shown.fingerprint}`
    },
    ...asking(context, ask, lookups),
  }
}

/** The same for an agent's certificate. */
function certificatePolicy(context: Context, node: NodeRecord, ask: boolean, lookups: Lookups): IdentityPolicy {
  return {
    known: (endpoint) => lookups.identities(endpoint, 'tls'),
    trustCommand: ({ fingerprint }) => `akctl trust add ${node.name} --fingerprint ${fingerprint}`,
    ...asking(context, ask, lookups),
  }
}

function asking(context: Context, ask: boolean, lookups: Lookups): Pick<IdentityPolicy, 'ask'> {
  if (!ask || !context.prompter.canAsk) return {}
  return {
    ask: async (shown) => {
      const accepted = await askIdentity(context, shown)
      if (accepted) lookups.forgetIdentities()
      return accepted
    },
  }
}

async function askIdentity(context: Context, shown: ShownIdentity): Promise<boolean> {
  const answer = await context.prompter.text(
    `The identity of ${shown.endpoint} is not known: ${shown.type} ${shown.fingerprint}. Type yes, or the fingerprint you expect, to accept it`,
  )
  if (answer !== 'yes' && answer.trim() !== shown.fingerprint) return false
  const { endpoint, kind, type, fingerprint, certificate } = shown
  const { trust } = await context.profile()
  const kept = certificate === undefined ? {} : { certificate }
  const added = context.clock().toISOString()
  await trust.add([{ endpoint, kind, type, fingerprint, ...kept, added, by: context.operator, source: 'prompt' }])
  return true
}
