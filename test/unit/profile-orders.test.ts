import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { PendingOrder, Profile } from '../../src/profile/profile.ts'
import { tempDir } from '../support/temp.ts'

const root = tempDir()
const count = { n: 0 }
const fresh = (): Promise<Profile> => openHome({ AKCTL_HOME: join(root, `h${count.n++}`) }).open()
const notesOf = ({ directory }: Profile): string => join(directory, 'orders/notes.ndjson')
const order = (id: string): PendingOrder => ({ id, verb: 'sync', at: '2026-01-01T00:00:00Z' })

test('an order is there for the next command until its end was seen', async () => {
  const profile = await fresh()
  await profile.orders.put(1, order('o1'))
  await profile.orders.put(12, order('o2'))
  const again = await openHome({ AKCTL_HOME: join(profile.directory, '../..') }).open()
  expect([await again.orders.get(1), await again.orders.get(12), await again.orders.get(2)]).toEqual([
    order('o1'),
    order('o2'),
    undefined,
  ])
  await again.orders.clear(new Map([[1, 'o1']]))
  expect([await profile.orders.get(1), await profile.orders.get(12)]).toEqual([undefined, order('o2')])
  expect(readFileSync(notesOf(profile), 'utf8').split('\n')).toEqual([expect.stringContaining('"node":12,'), ''])
  expect(await profile.orders.all()).toEqual(new Map([[12, order('o2')]]))
  await profile.orders.clear(new Map([[12, 'o2']]))
  expect(readdirSync(join(profile.directory, 'orders')).sort()).toEqual(['.lock', '.lock-queue'])
})

test('clearing an order leaves a later one of the node alone', async () => {
  const { orders } = await fresh()
  await orders.put(1, order('o1'))
  await orders.put(1, order('o2'))
  await orders.clear(new Map([[1, 'o1']]))
  expect(await orders.get(1)).toEqual(order('o2'))
  await orders.clear(new Map([[1, 'o2']]))
  await orders.clear(new Map([[1, 'o2']]))
  expect(await orders.get(1)).toBeUndefined()
})

test('clearing an order leaves alone one that is put at the same moment', async () => {
  const { orders } = await fresh()
  await orders.put(1, order('o1'))
  await Promise.all([orders.put(1, order('o2')), orders.clear(new Map([[1, 'o1']]))])
  expect(await orders.get(1)).toEqual(order('o2'))
})

test('many at once: each put and clear counts', async () => {
  const { orders } = await fresh()
  const ids = Array.from({ length: 60 }, (_, i) => i + 1)
  await Promise.all(ids.map((id) => orders.put(id, order(`o${id}`))))
  await Promise.all(ids.map((id) => orders.clear(new Map([[id, id % 2 === 0 ? `o${id}` : 'another']]))))
  const left = await Promise.all(ids.map((id) => orders.get(id)))
  expect(left).toEqual(ids.map((id) => (id % 2 === 0 ? undefined : order(`o${id}`))))
})

test('a damaged note is never taken for none, nor removed; notes of other nodes are read', async () => {
  const profile = await fresh()
  await profile.orders.put(1, order('o1'))
  await profile.orders.put(2, order('o2'))
  const file = notesOf(profile)
  const damaged = readFileSync(file, 'utf8').replace('"id":"o1"', '"id":""')
  writeFileSync(file, damaged)
  await expect(profile.orders.get(1)).rejects.toThrow(StoreError)
  await expect(profile.orders.clear(new Map([[1, 'o1']]))).rejects.toMatchObject({
    message: expect.stringContaining(`${file}, line 1, is damaged`) as string,
    hints: [expect.stringContaining(`remove the line from ${file}`) as string],
  })
  expect(await profile.orders.get(2)).toEqual(order('o2'))
  expect(readFileSync(file, 'utf8')).toBe(damaged)
})

test.each([
  ['of which nobody can tell whose it is', '{"node"', /line 2, is damaged/],
  ['of zeros', '\0'.repeat(80), /line 2, is damaged/],
  ['of a newer akctl', '{"schema":2,"order":{"node":7}}', /line 2, was written by a newer akctl/],
])('a line %s may be any node’s', async (_, line, message) => {
  const profile = await fresh()
  await profile.orders.put(1, order('o1'))
  appendFileSync(notesOf(profile), `${line}\n`)
  for (const node of [1, 2]) await expect(profile.orders.get(node)).rejects.toThrow(message)
})

test('half a line that a crash left is of an order that was not sent: it is passed over, and dropped by the next note', async () => {
  const profile = await fresh()
  await profile.orders.put(1, order('o1'))
  const whole = readFileSync(notesOf(profile), 'utf8')
  appendFileSync(notesOf(profile), whole.replace('"node":1', '"node":2').slice(0, -1))
  expect([await profile.orders.get(1), await profile.orders.get(2)]).toEqual([order('o1'), undefined])
  await profile.orders.put(3, order('o3'))
  expect(await profile.orders.all()).toEqual(
    new Map([
      [1, order('o1')],
      [3, order('o3')],
    ]),
  )
  expect(readFileSync(notesOf(profile), 'utf8').startsWith(whole)).toBe(true)
})
