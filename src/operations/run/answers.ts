import { access, constants } from 'node:fs/promises'
import type { NodeRecord } from '../../node/record.ts'
import { NotFoundError } from '../../outcome/errors.ts'
import type { Context } from '../context.ts'
import { unreadable } from '../files/named-file.ts'
import { agentSocket } from '../lookups.ts'
import { passphraseMissing, passphraseSource } from '../passphrase.ts'
import type { Fleet } from './fleet.ts'

/**
 * Finds out whether an answer is missing that connecting to the nodes will need: once for the whole run, not as a failure on each
 * node when some have been changed already.
 * @throws UsageError where the environment forbids the connections that are needed, nobody knows a key's passphrase, or no ssh-agent
 * is there; NotFoundError for a key that is gone, StoreError for a damaged one; and what unlocking the secrets does where agents are
 * among the nodes
 */
export async function checkAnswers(context: Context, { nodes, profile }: Pick<Fleet, 'nodes' | 'profile'>): Promise<void> {
  if (nodes.some((node) => node.access === 'https')) {
    await checkEnvironment(context)
    await profile.secrets.unlock() // API keys are kept until each agent's certificate was accepted
  }
  await checkLogins(context, nodes)
}

/** @throws UsageError where the environment forbids connections to agents */
export async function checkEnvironment({ env }: Context): Promise<void> {
  const { refuseUnsafe } = await import('../../connection/agent/environment.ts')
  refuseUnsafe(env)
}

/** The part of {@link checkAnswers} for nodes behind SSH. Keys are looked at from outside: none is opened before a server is known. */
async function checkLogins(context: Context, nodes: readonly NodeRecord[]): Promise<void> {
  const users = new Map<string, string>()
  for (const { access, name, key = 'agent', jump } of nodes) {
    if (access !== 'ssh') continue
    for (const each of jump === undefined ? [key] : [key, jump.key]) if (!users.has(each)) users.set(each, name)
  }
  for (const [key, node] of users) await (key === 'agent' ? agentSocket(context, node) : checkKey(context, key, node))
}

async function checkKey(context: Context, key: string, node: string): Promise<void> {
  const { keys } = await context.profile()
  if (!(await keys.names()).includes(key)) {
    throw new NotFoundError(`${node} logs in with the key ${key}, which is not in this profile any more`, {
      hints: [
        `give the node another key: akctl nodes edit ${node} --key KEY (or --jump-key KEY)`,
        'akctl keys list shows them all',
      ],
    })
  }
  if (!(await keys.isProtected(key))) return
  const source = passphraseSource(context)
  if (source === undefined) throw passphraseMissing(key)
  // Not read here: it may be a pipe, which can be read only once.
  if (source.kind === 'file') await checkReadable(source.file)
}

async function checkReadable(file: string): Promise<void> {
  try {
    await access(file, constants.R_OK)
  } catch (error) {
    throw unreadable('passphrase file', file, error)
  }
}
