// A process of its own that works on a store; bundled by test/support/store.ts and run by node.
import { once } from 'node:events'
import { readlink } from 'node:fs/promises'
import type { NodeRecord } from '../../src/node/record.ts'
import { Secret } from '../../src/node/secret.ts'
import { openHome } from '../../src/profile/home.ts'
import type { Profile, ProfileData } from '../../src/profile/profile.ts'
import { exitOfError, reportOf } from '../../src/outcome/errors.ts'
import { OneAccess } from './secret-access.ts'

function withNode(data: ProfileData, name: string): { data: ProfileData; result: number } {
  const { nextId: id, nodes } = data
  const node: NodeRecord = {
    ...{ id, name, host: '192.0.2.1', directory: '/srv/mta', access: 'ssh', mta: 'postfix', sudo: false },
    ...{ addresses: [], labels: {}, settings: {}, createdAt: '2026-01-01T00:00:00Z' },
  }
  return { data: { ...data, nextId: id + 1, nodes: [...nodes, node] }, result: id }
}

const ENTRY = { at: '2026-01-01T00:00:00Z', by: 'me@here', verb: 'sync', outcome: 'ok' } as const

/** What a driver can be told to do, each on an opened profile. */
const WORKS: Readonly<Record<string, (profile: Profile, argument: string) => Promise<unknown>>> = {
  node: (profile, name) => profile.update((data) => withNode(data, name)),
  order: (profile, id) => profile.orders.put(1, { id, verb: 'sync', at: ENTRY.at }),
  clear: (profile, id) => profile.orders.clear(new Map([[1, id]])),
  journal: (profile, node) => profile.journal.append([{ ...ENTRY, node }]),
  key: (profile, name) => profile.keys.create(name, { comment: 'driver' }),
  /** COUNT:PREFIX, one update a node. */
  nodes: async (profile, argument) => {
    const [count, prefix] = argument.split(':')
    for (let i = 0; i < Number(count); i++) await profile.update((data) => withNode(data, `${prefix}-${i}`))
  },
  /** COUNT:PREFIX, one secret each. */
  secrets: async (profile, argument) => {
    const [count, prefix] = argument.split(':')
    for (let i = 0; i < Number(count); i++) await profile.secrets.set(`${prefix}-${i}`, new Secret(`secret of ${prefix}-${i}`))
  },
  /** From plain to the key file. */
  protect: (profile) => profile.secrets.protect(() => ACCESS.choose()),
  /** Keeps the profile's lock until stdin says something. */
  hold: (profile) =>
    profile.update((data) => {
      process.stdout.write('held\n')
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60_000)
      return { data, result: undefined }
    }),
}

const KEY = Buffer.alloc(32, 9)

/** Every driver has the same key file. */
const ACCESS = new OneAccess({ kind: 'key-file', key: KEY })

/** Something to protect, by libraries that are then loaded. */
async function storePlain(name: string): Promise<void> {
  const { secrets } = await openHome(process.env, new OneAccess({ kind: 'plain' })).open(name)
  for (const text of ['the one before', 'plain secret']) await secrets.set('s', new Secret(text))
}

/** Says who it is, waits to be told to go on (a tracer attaches meanwhile), works, and says what came of it. */
async function main([work = '', argument = '', ...options]: string[]): Promise<void> {
  const profile = await openHome(process.env, ACCESS).open(process.env['AKCTL_PROFILE'])
  if (options.includes('--pause')) {
    await WORKS['node']?.(profile, 'warm-up')
    if (work === 'protect') await storePlain(profile.name)
    if (work === 'order' || work === 'clear') await profile.orders.put(2, { id: 'other', verb: 'sync', at: ENTRY.at })
    if (work === 'clear') await profile.orders.put(1, { id: argument, verb: 'sync', at: ENTRY.at })
    // Files are worked on by the one thread of the pool (UV_THREADPOOL_SIZE=1), locks by the main thread.
    const thread = (await readlink('/proc/thread-self')).split('/')[2]
    process.stdout.write(`${JSON.stringify({ main: process.pid, pool: Number(thread) })}\n`)
    await once(process.stdin, 'data')
    process.stdin.destroy()
  }
  await WORKS[work]?.(profile, argument)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stdout.write(`${JSON.stringify({ exit: exitOfError(error), ...reportOf(error) })}\n`)
  process.exitCode = exitOfError(error)
})
