import { changeNodes } from '../../src/operations/mta/change.ts'
import { startNode } from '../../src/operations/mta/power.ts'
import { FailedError } from '../../src/outcome/errors.ts'
import { memoryWorlds } from '../support/memory-node.ts'

const memoryWorld = memoryWorlds()

test('a start that fails after its sync says which revision stays', async () => {
  const world = await memoryWorld(['mx1'])
  const mx1 = world.node('mx1')
  mx1.during = () => (mx1.calls.at(-1) === 'start' ? Promise.reject(new FailedError('no')) : undefined)
  const run = { width: { concurrency: 1 }, consent: { above: 10, yes: true }, dryRun: false, reason: undefined, waves: undefined }
  const outcomes = await changeNodes(world.context, 'start', { ...run, selection: { all: true } }, (session) =>
    startNode(session, { sync: true, dryRun: false, reason: '' }),
  )
  expect([outcomes[0]?.outcome, mx1.record?.revision]).toEqual(['failed', 1])
  expect(world.notes).toEqual([
    'warning: mx1: revision 1 was written before the start, and stays; to go back: akctl mta rollback mx1',
  ])
})
