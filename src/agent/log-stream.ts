import type { ServerResponse } from 'node:http'
import type { FastifyReply } from 'fastify'
import { HEARTBEAT, NDJSON } from '../connection/wire/api.ts'
import type { LogRecord } from '../mta/logs.ts'

/** Milliseconds: an answer begins by then, lines or not; a reader that takes nothing is left. */
const BEGIN = 1000
const STUCK = 60_000

/**
 * Answers with log records, a JSON document a line. Until the first line (or for a second) an error is thrown, and so
 * becomes an ordinary problem; later it cuts the answer, which a reader can tell from its end.
 * @param failed told of an error that could not be answered any more
 */
export async function streamLogs(
  batches: AsyncIterable<readonly LogRecord[]>,
  reply: FastifyReply,
  failed: (error: unknown) => void,
): Promise<void> {
  const iterator = batches[Symbol.asyncIterator]()
  const first = iterator.next()
  await Promise.race([first, pause(BEGIN)])
  reply.hijack()
  const response = reply.raw
  response.writeHead(200, { 'content-type': NDJSON, 'cache-control': 'no-store' })
  response.flushHeaders()
  const heart = setInterval(() => response.writableNeedDrain || response.write('\n'), HEARTBEAT.beat * 1000)
  try {
    for (let step = await first; step.done !== true; step = await iterator.next()) {
      const lines = step.value.map((record) => `${JSON.stringify(record)}\n`).join('')
      if (!response.write(lines) && !(await drained(response))) break
    }
    response.end()
  } catch (error) {
    failed(error)
    response.destroy()
  } finally {
    clearInterval(heart)
    await iterator.return?.()
  }
}

/** Waits until a slow reader has taken what is there. @returns false when it left, or took nothing for too long */
function drained(response: ServerResponse): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false)
  return new Promise((resolve) => {
    const end = (went: boolean) => (): void => {
      clearTimeout(timer)
      response.off('drain', onDrain).off('close', onClose)
      if (!went) response.destroy()
      resolve(went)
    }
    const [onDrain, onClose] = [end(true), end(false)]
    const timer = setTimeout(onClose, STUCK)
    response.once('drain', onDrain).once('close', onClose)
  })
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
