import { nodeSecrets } from '../../node/node-secrets.ts'
import type { NodeRecord } from '../../node/record.ts'
import { ConflictError, NodeError, UnauthorizedError } from '../../outcome/errors.ts'
import { openAgent } from '../connector.ts'
import type { Context } from '../context.ts'

/**
 * Asks the node's agent by the key that a rotation brought: once the old one is forgotten here, an agent that does not
 * know the new one yet would be out of reach. Does nothing when no rotation is under way.
 * @throws ConflictError when the agent does not take the new key; what connecting throws when it can't be asked
 */
export async function assertTakesNewKey(context: Context, node: NodeRecord): Promise<void> {
  const { secrets } = await context.profile()
  const key = await secrets.get(nodeSecrets(node.id).nextApiKey)
  if (key === undefined) return
  const agent = await openAgent(context, node, { ask: false, signal: context.signal, apiKey: () => Promise.resolve(key) })
  try {
    await agent.version()
  } catch (error) {
    throw explain(node, error)
  } finally {
    await agent.close()
  }
}

function explain({ name }: NodeRecord, error: unknown): unknown {
  if (error instanceof UnauthorizedError) {
    return new ConflictError(`${name}: its agent does not take the new key yet, and would be out of reach; nothing was changed`, {
      hints: [
        'unpack the archive of --rotate on the node, and send its agent SIGHUP; then finish',
        `made again, it is the same archive: akctl nodes archive ${name} --rotate --out FILE`,
      ],
      cause: error,
    })
  }
  if (!(error instanceof NodeError)) return error
  return new ConflictError(`${name}: whether its agent takes the new key could not be asked; nothing was changed`, {
    detail: error.message.split('\n'),
    hints: ['if you know that it does: the same with --unasked', ...error.hints],
    cause: error,
  })
}
