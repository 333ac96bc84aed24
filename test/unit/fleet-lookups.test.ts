import type { NodeRecord } from '../../src/node/record.ts'
import { endpoint } from '../../src/node/record.ts'
import { identityPolicy, sshTarget } from '../../src/operations/connector.ts'
import type { Context } from '../../src/operations/context.ts'
import { Lookups } from '../../src/operations/lookups.ts'
import type { Profile } from '../../src/profile/profile.ts'
import { memoryWorlds, type MemoryWorld } from '../support/memory-node.ts'

const memoryWorld = memoryWorlds()

/** A fingerprint of the right form. */
const print = (word: string): string => `SHA256:${word.padEnd(43, 'A')}`
const SHOWN = print('shown')

interface Counted {
  readonly context: Context
  /** How often the store was read. */
  readonly reads: { trust: number; keys: number; passphrases: number }
}

/** The same world, counting what is read. */
function counting({ context, profile }: MemoryWorld): Counted {
  const reads = { trust: 0, keys: 0, passphrases: 0 }
  const counted: Profile = {
    ...profile,
    read: () => profile.read(),
    update: (change) => profile.update(change),
    trust: {
      list: () => {
        reads.trust++
        return profile.trust.list()
      },
      add: (records) => profile.trust.add(records),
      remove: (where, fingerprint) => profile.trust.remove(where, fingerprint),
    },
    keys: new Proxy(profile.keys, {
      get: (target, name: keyof Profile['keys']) => {
        if (name === 'privateKey') reads.keys++
        return target[name].bind(target)
      },
    }),
  }
  const prompter = { ...context.prompter, canAsk: true, secret: () => Promise.resolve(`typed ${++reads.passphrases}`) }
  return { reads, context: { ...context, prompter, profile: () => Promise.resolve(counted) } }
}

function node(change: Partial<NodeRecord> = {}): NodeRecord {
  return {
    id: 1,
    name: 'mx1',
    host: '192.0.2.1',
    directory: '/opt/mta',
    access: 'ssh',
    mta: 'postfix',
    sudo: false,
    addresses: [],
    labels: {},
    settings: {},
    createdAt: '',
    ...change,
  }
}

test('keys, passphrases and trust are read once, however many nodes there are', async () => {
  const world = await memoryWorld([])
  await world.profile.keys.create('fleet', { passphrase: 'a long one', comment: 'test' })
  for (let host = 1; host <= 3; host++) {
    const at = endpoint(`192.0.2.${host}`, 22)
    await world.profile.trust.add([
      {
        endpoint: at,
        kind: 'ssh',
        fingerprint: print(String(host)),
        added: '2026-11-24T00:00:00.000Z',
        by: 'ann@desk',
        source: 'flag',
      },
    ])
  }
  const { context, reads } = counting(world)
  const lookups = new Lookups(context)
  for (let host = 1; host <= 50; host++) {
    const target = sshTarget(node({ host: `192.0.2.${host}`, key: 'fleet' }), lookups)
    const credential = await target.credential()
    expect(credential.kind === 'key' && (await credential.passphrase?.())).toBe('typed 1')
    const known = await identityPolicy(context, node(), false, lookups).known(endpoint(target.host, target.port))
    expect(known.map(({ fingerprint }) => fingerprint)).toEqual(host <= 3 ? [print(String(host))] : [])
  }
  expect(reads).toEqual({ trust: 1, keys: 1, passphrases: 1 })
})

test('only identities of SSH count for SSH, and two at once do', async () => {
  const world = await memoryWorld([])
  const record = { endpoint: '192.0.2.1:22', added: '2026-11-24T00:00:00.000Z', by: 'ann@desk', source: 'flag' } as const
  await world.profile.trust.add([
    { ...record, kind: 'ssh', fingerprint: print('old') },
    { ...record, kind: 'tls', fingerprint: print('tls') },
    { ...record, kind: 'ssh', fingerprint: print('new') },
  ])
  const found = await new Lookups(world.context).identities('192.0.2.1:22')
  expect(found.map(({ fingerprint }) => fingerprint)).toEqual([print('old'), print('new')])
})

test('a node logs in as root by the agent at port 22 unless its record says otherwise', async () => {
  const world = await memoryWorld([])
  const lookups = new Lookups({ ...world.context, env: { SSH_AUTH_SOCK: '/run/agent' } })
  const target = sshTarget(node(), lookups)
  expect([target.user, target.port, target.jump]).toEqual(['root', 22, undefined])
  expect(await target.credential()).toEqual({ kind: 'agent', socket: '/run/agent' })
  const jump = { user: 'ops', host: 'bastion', port: 2200, key: 'agent' }
  const other = sshTarget(node({ user: 'deploy', port: 2222, jump, sudo: true }), lookups)
  expect(other).toMatchObject({ user: 'deploy', port: 2222, sudo: true, jump: { user: 'ops', host: 'bastion', port: 2200 } })
})

test('without an agent the refusal says what to do; a key that is gone is named', async () => {
  const world = await memoryWorld([])
  const lookups = new Lookups({ ...world.context, env: {} })
  await expect(sshTarget(node(), lookups).credential()).rejects.toMatchObject({
    exit: 2,
    hints: [expect.any(String), 'or give the node a stored key: akctl nodes edit mx1 --key KEY'],
  })
  await expect(sshTarget(node({ key: 'gone' }), lookups).credential()).rejects.toMatchObject({ exit: 9 })
})

test('an identity that a person has accepted is known to the next node of the run', async () => {
  const world = await memoryWorld([])
  const { context, reads } = counting(world)
  const asking = { ...context, prompter: { ...context.prompter, text: () => Promise.resolve('yes') } }
  const lookups = new Lookups(asking)
  const policy = identityPolicy(asking, node(), true, lookups)
  const shown = { endpoint: '192.0.2.1:22', kind: 'ssh', type: 'ssh-ed25519', fingerprint: SHOWN } as const
  expect(await policy.known(shown.endpoint)).toEqual([])
  expect(await policy.ask?.(shown)).toBe(true)
  expect(await policy.known(shown.endpoint)).toMatchObject([{ fingerprint: SHOWN, by: 'ann@desk', source: 'prompt' }])
  expect(reads.trust).toBe(2)
})

test.each<[string, boolean]>([
  ['yes', true],
  [SHOWN, true],
  [` ${SHOWN} `, true],
  ['y', false],
  ['', false],
  [print('other'), false],
])('the answer %j to an unknown identity accepts it: %s', async (answer, accepted) => {
  const world = await memoryWorld([])
  const context = { ...world.context, prompter: { ...world.context.prompter, canAsk: true, text: () => Promise.resolve(answer) } }
  const shown = { endpoint: '192.0.2.1:22', kind: 'ssh', type: 'ssh-ed25519', fingerprint: SHOWN } as const
  expect(await identityPolicy(context, node(), true, new Lookups(context)).ask?.(shown)).toBe(accepted)
  expect(await world.profile.trust.list()).toHaveLength(accepted ? 1 : 0)
})

test('nobody is asked without a terminal, or when several nodes are selected', async () => {
  const world = await memoryWorld([])
  expect(identityPolicy(world.context, node(), true, new Lookups(world.context)).ask).toBeUndefined()
  world.terminal.answer = true
  expect(identityPolicy(world.context, node(), false, new Lookups(world.context)).ask).toBeUndefined()
})
