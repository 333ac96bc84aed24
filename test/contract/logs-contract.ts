/* eslint-disable jest/no-export -- a part of the drivers' suite */
import { existsSync, readFileSync } from 'node:fs'
import type { NodeConnection } from '../../src/connection/port.ts'
import type { LogQuery } from '../../src/mta/driver.ts'
import type { LogRecord } from '../../src/mta/logs.ts'
import { processesNaming } from '../support/agent.ts'
import { type LocalNode, newOrder } from '../support/local-node.ts'
import { until } from '../support/until.ts'

const LAST: LogQuery = { source: 'mta', lines: 3, follow: false }

async function read(connection: NodeConnection, query: LogQuery): Promise<readonly LogRecord[]> {
  const found: LogRecord[] = []
  for await (const record of connection.logs(query)) found.push(record)
  return found
}

/** What every access promises of the log of an MTA that has run; part of the contract suite. */
export function readingLogs(story: { readonly node: LocalNode }): void {
  test('logs: the last lines, oldest first; none when none are wanted, or since a time to come', async () => {
    const { connection } = story.node
    await connection.stop(newOrder()) // and so the log is quiet, soon
    const last = await until('what it wrote at its end is there', 10, async () => {
      const all = await read(connection, { ...LAST, lines: 1000 })
      const [end, few] = [all.slice(-3), await read(connection, LAST)]
      return JSON.stringify(end) === JSON.stringify(few) ? few : undefined
    })
    expect(last).toHaveLength(3)
    expect(await read(connection, { ...LAST, lines: 0 })).toEqual([])
    expect(await read(connection, { ...LAST, since: Math.floor(Date.now() / 1000) + 3600 })).toEqual([])
  })

  test('logs: followed they come as they are written, and whoever leaves leaves nothing running', async () => {
    const { connection, directory } = story.node
    const [last] = await read(connection, { ...LAST, lines: 1 })
    const came: LogRecord[] = []
    for await (const record of connection.logs({ ...LAST, lines: 1, follow: true })) {
      came.push(record)
      if (came.length === 1) await connection.start(newOrder())
      else break
    }
    expect(came[0]).toEqual(last)
    await until('no reader is left', 20, () => (readers(directory).length === 0 ? true : undefined))
  })
}

/** What follows a file of this node. */
function readers(directory: string): readonly number[] {
  return processesNaming(directory).filter(
    (pid) => existsSync(`/proc/${pid}`) && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('tail\n'),
  )
}
