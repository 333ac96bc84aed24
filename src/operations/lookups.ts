import type { Credential } from '../connection/ssh/target.ts'
import type { SshShared } from '../connection/ssh/ssh-host.ts'
import { nodeSecrets } from '../node/node-secrets.ts'
import type { NodeRecord } from '../node/record.ts'
import type { Secret } from '../node/secret.ts'
import type { TrustRecord } from '../node/trust.ts'
import { UsageError } from '../outcome/errors.ts'
import type { Context } from './context.ts'
import { keyPassphrase } from './passphrase.ts'

/**
 * What the nodes of one run have in common, read once however many there are: accepted identities by endpoint,
 * keys, and the passphrases a user has typed.
 */
export class Lookups {
  private trust: Promise<ReadonlyMap<string, readonly TrustRecord[]>> | undefined
  private readonly credentials = new Map<string, Promise<Credential>>()

  private ssh: SshShared | undefined
  private secrets: Promise<(name: string) => Promise<Secret | undefined>> | undefined

  constructor(private readonly context: Context) {}

  /** What SSH hosts share. @param make called once; its module is loaded only where SSH is */
  sshShared(make: () => SshShared): SshShared {
    return (this.ssh ??= make())
  }

  /** The accepted identities of an endpoint: host keys, or certificates. */
  async identities(endpoint: string, kind: TrustRecord['kind'] = 'ssh'): Promise<readonly TrustRecord[]> {
    this.trust ??= this.readTrust()
    return ((await this.trust).get(endpoint) ?? []).filter((record) => record.kind === kind)
  }

  /** Makes the next question about identities read the store again. */
  forgetIdentities(): void {
    this.trust = undefined
  }

  /**
   * How to log in with a stored key, or by the ssh-agent (`agent`).
   * @param node its name, for messages
   * @throws NotFoundError when the key is gone; UsageError when no agent runs
   */
  credential(key: string, node: string): Promise<Credential> {
    const known = this.credentials.get(key)
    if (known !== undefined) return known
    const read = key === 'agent' ? agentCredential(this.context, node) : this.readKey(key)
    this.credentials.set(key, read)
    return read
  }

  /**
   * The API key that a node's agent takes.
   * @throws UsageError when the profile has none; and what unlocking the secrets does
   */
  async apiKey({ id, name }: Pick<NodeRecord, 'id' | 'name'>): Promise<Secret> {
    this.secrets ??= this.context.profile().then(({ secrets }) => secrets.reader())
    const key = await (await this.secrets)(nodeSecrets(id).apiKey)
    if (key !== undefined) return key
    throw new UsageError(`${name}: this profile has no API key for its agent`, {
      hints: [`make one, with what is to be unpacked on the node: akctl nodes archive ${name} --out FILE`],
    })
  }

  private async readTrust(): Promise<ReadonlyMap<string, readonly TrustRecord[]>> {
    const { trust } = await this.context.profile()
    const index = new Map<string, TrustRecord[]>()
    for (const record of await trust.list()) {
      index.set(record.endpoint, [...(index.get(record.endpoint) ?? []), record])
    }
    return index
  }

  private async readKey(key: string): Promise<Credential> {
    const { keys } = await this.context.profile()
    const privateKey = await keys.privateKey(key)
    let typed: Promise<string> | undefined
    const passphrase = (): Promise<string> => (typed ??= keyPassphrase(this.context, key))
    return { kind: 'key', name: key, privateKey, passphrase }
  }
}

/**
 * Where the ssh-agent listens.
 * @param node who needs it, for the message
 * @throws UsageError when there is none
 */
export function agentSocket({ env }: Context, node: string): string {
  const socket = env['SSH_AUTH_SOCK']
  if (socket !== undefined && socket !== '') return socket
  throw new UsageError(`${node} logs in by the ssh-agent, and SSH_AUTH_SOCK is not set`, {
    hints: ['start ssh-agent and ssh-add a key', `or give the node a stored key: akctl nodes edit ${node} --key KEY`],
  })
}

// eslint-disable-next-line @typescript-eslint/require-await -- a missing agent must reject, not throw
async function agentCredential(context: Context, node: string): Promise<Credential> {
  return { kind: 'agent', socket: agentSocket(context, node) }
}
