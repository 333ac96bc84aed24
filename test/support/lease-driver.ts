// A run that keeps its leases beyond its orders, as one in waves does; bundled by test/support/store.ts and run by node.
// Arguments: the node's name, the seconds a lease lives. A word on stdin, then a line on stdout once it is done: `order`
// (stops the MTA; its outcome as JSON) and `release`.
import { createInterface } from 'node:readline'
import { CliContext } from '../../src/cli/context.ts'
import { stopNode } from '../../src/operations/mta/power.ts'
import { loadFleet } from '../../src/operations/run/fleet.ts'
import { KeptLeases } from '../../src/operations/run/kept-leases.ts'
import { visit } from '../../src/operations/run/visit.ts'

const [name = '', ttl = ''] = process.argv.slice(2)
const context = new CliContext(process)
const leases = new KeptLeases(context, undefined, Number(ttl))

async function order(): Promise<string> {
  const fleet = await loadFleet(context, { names: [name] })
  const purpose = { kind: 'change', verb: 'mta stop', leases } as const
  const [outcome] = await visit(context, fleet, { concurrency: 1 }, purpose, async (session) => ({
    outcome: 'ok',
    result: await stopNode(session, { dryRun: false, reason: 'wave 1 of 3' }),
  }))
  return JSON.stringify(outcome)
}

async function work(): Promise<void> {
  for await (const word of createInterface({ input: process.stdin })) {
    if (word === 'release') await leases.releaseAll()
    process.stdout.write(`${word === 'order' ? await order() : 'done'}\n`)
  }
}

void work()
