import { createNode } from '../../src/operations/nodes/create.ts'
import { editNode } from '../../src/operations/nodes/edit.ts'
import { NotFoundError } from '../../src/outcome/errors.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'

const memoryWorld = memoryWorlds()
const SPEC = {
  name: 'new',
  host: 'h',
  directory: '/opt/a',
  access: 'ssh',
  mta: 'postfix',
  sudo: false,
  addresses: [],
  labels: {},
} as const
const CHANGE = {
  fields: { access: 'ssh', key: 'k' },
  clear: new Set<never>(),
  refuse: () => {
    throw new Error('refused')
  },
} as const

test.each([
  ['created', ({ context }: MemoryWorld) => createNode(context, { ...SPEC, key: 'k' })],
  ['edited', ({ context }: MemoryWorld) => editNode(context, 'mx1', CHANGE)],
])('a node that is %s while its key is being deleted is refused', async (_, take) => {
  const world = await memoryWorld(['mx1'])
  await world.profile.keys.create('k', { comment: '' })
  let taking: Promise<unknown> = Promise.resolve()
  await world.profile.update(async (data) => {
    taking = take(world).catch((error: unknown) => error)
    await new Promise(setImmediate) // it has looked by now, if it looks before it has the lock
    await world.profile.keys.delete('k')
    return { data, result: undefined }
  })
  expect(await taking).toBeInstanceOf(NotFoundError)
  expect((await world.profile.read()).nodes.map(({ key }) => key)).toEqual([undefined])
})
