/* eslint-disable jest/no-export -- a part of the suite that the drivers' own test files run */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { NodeLockedError } from '../../src/outcome/errors.ts'
import { type LocalNode, newClaim, newOrder } from '../support/local-node.ts'

/** What the contract says of leases. */
export function leasing(story: { readonly node: LocalNode }): void {
  test('an order leaves no lease, unless it is to keep it: then it is told, and keeps others away', async () => {
    const { connection } = story.node
    await connection.start(newOrder())
    expect(await connection.lease()).toEqual({ clock: expect.any(Number) as number })
    const lease = newClaim({ keep: true, ttl: 600, job: 'https://ci.example.com/1' })
    await connection.start({ ...newOrder(), lease })
    const told = await connection.lease()
    const { id, host, pid, job, operation } = lease
    expect(told.lease).toMatchObject({ id, host, pid, job, operation, by: 'test@here', reason: 'a test', kept: true })
    expect((told.lease?.until ?? 0) - told.clock).toBeGreaterThan(500)
    expect((await connection.status()).lease).toEqual(told.lease)
    const refused = await connection.stop(newOrder(0)).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(refused).toBeInstanceOf(NodeLockedError)
    expect((refused as NodeLockedError).message).toMatch(
      /test@here \(pid \d+\) keeps the node locked since .*: a test \(a test\), https/,
    )
    expect((refused as NodeLockedError).hints.join()).toContain(`akctl locks release ${id} NODE --yes`)
    expect((await connection.status()).running).toBe(true)
  })

  test('a lease is renewed by its run, released by whoever, and then gone for its run', async () => {
    const { connection } = story.node
    const { lease } = await connection.lease()
    const { id = '', until = 0 } = lease ?? {}
    expect((await connection.renewLease(id, 3000)).lease?.until).toBeGreaterThan(until + 1000)
    const other = newClaim()
    await expect(connection.renewLease(other.id, 60)).rejects.toThrow(NodeLockedError)
    expect(await connection.releaseLease(other.id, 'eve@desk')).not.toHaveProperty('lease')
    await connection.start({ ...newOrder(), lease: newClaim({ id, keep: true, held: true }) })
    expect(await connection.releaseLease(id, 'eve@desk')).toMatchObject({ lease: { id } })
    expect(readFileSync(join(story.node.directory, 'akctl/lease'), 'utf8')).toBe('')
    await expect(connection.stop({ ...newOrder(), lease: newClaim({ id, held: true }) })).rejects.toThrow(/is gone/)
    await expect(connection.renewLease(id, 60)).rejects.toThrow(NodeLockedError)
    expect((await connection.status()).running).toBe(true)
  })
}
