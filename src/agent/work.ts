import type { ApiName } from '../connection/wire/api.ts'
import type { LogRecord } from '../mta/logs.ts'

/** A call with one answer. */
export type CallName = Exclude<ApiName, 'logs'>

/**
 * What stands behind the API: the node. Two implementations: the scripted one, and its remote end in a listener that
 * has no rights of its own. Inputs are checked by whoever does the work, wherever they were checked before.
 */
export interface Work {
  /**
   * @param input body or parameters, whichever the call has
   * @param signal ends a reading call; a changing one goes on
   * @throws Problem, or a NodeError
   */
  call(name: CallName, input: unknown, signal: AbortSignal): Promise<unknown>
  /**
   * Log records in bounded batches; nothing more is read than was asked for.
   * @param signal ends the feed
   * @throws as `call`
   */
  logs(query: unknown, signal: AbortSignal): AsyncIterable<readonly LogRecord[]>
}
