import { readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { StoreError } from '../../src/outcome/errors.ts'
import { openHome } from '../../src/profile/home.ts'
import type { PendingOrder, Profile } from '../../src/profile/profile.ts'
import { tempDir } from '../support/temp.ts'

const root = tempDir()
const count = { n: 0 }
const fresh = (): Promise<Profile> => openHome({ AKCTL_HOME: join(root, `h${count.n++}`) }).open()
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
  expect(readdirSync(join(profile.directory, 'orders')).sort()).toEqual(['.lock', '.lock-queue', '12'])
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

test('a damaged one is never taken for none, nor removed', async () => {
  const profile = await fresh()
  await profile.orders.put(1, order('o1'))
  const file = join(profile.directory, 'orders/1')
  writeFileSync(file, '{"schema":1,"id":"o')
  await expect(profile.orders.get(1)).rejects.toThrow(StoreError)
  await expect(profile.orders.clear(new Map([[1, 'o1']]))).rejects.toThrow(`${file} is damaged`)
  expect(statSync(file).size).toBe(19)
  await profile.orders.put(1, order('o2'))
  expect(await profile.orders.get(1)).toEqual(order('o2'))
})
