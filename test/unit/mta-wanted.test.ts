// What a node keeps of the wanted state, when a start, stop or restart is killed, and when the disk is full.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { powerScript } from '../../src/mta/shared/operations.ts'
import { killedAfter, passed, type Passed } from '../support/kill-lines.ts'
import { type LocalNode, newOrder } from '../support/local-node.ts'
import { daemons, toy, toyFolder, toyNode } from '../support/toy.ts'
import { until } from '../support/until.ts'

const folder = toyFolder()
let node: LocalNode

beforeAll(async () => {
  node = await toyNode(join(folder, 'mta'))
})

const wanted = (): string => (existsSync(path('wanted')) ? readFileSync(path('wanted'), 'utf8') : '')
const path = (file: string): string => join(node.directory, 'akctl', file)

type Verb = 'start' | 'stop' | 'restart'

function script(verb: Verb): ReturnType<typeof powerScript> {
  return powerScript(toy, node.installation, verb, newOrder(30))
}

/** The places of a verb that come after its order has begun, and change what can be seen. */
async function placesOf(verb: Verb): Promise<readonly Passed[]> {
  const seen = `cat '${node.directory}/akctl/wanted' '${node.directory}/akctl/orders'; ls '${node.directory}/akctl' '${node.directory}/run'`
  return (await passed(node.host, script(verb), folder, seen)).filter(({ changed }) => changed)
}

async function killed(verb: Verb, place: Passed): Promise<void> {
  await expect(runScript(node.host, killedAfter(script(verb), place), { timeout: 60 })).rejects.toThrow(/killed by SIGKILL/)
}

test('a node that no order has touched wants nothing; a word that is none counts as nothing', async () => {
  expect((await node.connection.status()).wanted).toBeUndefined()
  writeFileSync(path('wanted'), 'maybe\n')
  expect((await node.connection.status()).wanted).toBeUndefined()
  rmSync(path('wanted'))
  await node.connection.start({ ...newOrder(), unlessStopped: true })
  expect([wanted(), daemons(node.directory).length]).toEqual(['running\n', 1])
})

test('a stop that is killed at any line: either nothing was done, or the node knows that it was told to stop', async () => {
  const places = await placesOf('stop')
  expect(places.length).toBeGreaterThan(4)
  const found: string[] = []
  for (const place of places) {
    await node.connection.start(newOrder())
    await killed('stop', place)
    const before = daemons(node.directory)
    expect(['running\n', 'stopped\n']).toContain(wanted())
    expect({ place, right: before.length === 1 || wanted() === 'stopped\n' }).toEqual({ place, right: true })
    await node.connection.start({ ...newOrder(), unlessStopped: true })
    // One that was told to end just before may be gone by now, but nothing was started.
    expect(before).toEqual(expect.arrayContaining([...daemons(node.directory)]))
    found.push(`${wanted().trim()} ${daemons(node.directory).length}`)
  }
  // Before the word, between the word and the deed, after the deed.
  expect(new Set(found)).toEqual(new Set(['running 1', 'stopped 1', 'stopped 0']))
}, 240_000)

test.each(['start', 'restart'] as const)(
  'a %s that is killed at any line can be finished once it has begun',
  async (verb) => {
    await node.connection.stop(newOrder())
    const places = (await placesOf(verb)).filter((_, index) => verb === 'start' || index % 4 === 0)
    for (const place of places) {
      await node.connection.stop(newOrder())
      await killed(verb, place)
      const [word, running] = [wanted(), await settled()]
      expect(['running\n', 'stopped\n']).toContain(word)
      expect({ place, right: running === 0 || word === 'running\n' }).toEqual({ place, right: true })
      await node.connection.start({ ...newOrder(), unlessStopped: true })
      expect(daemons(node.directory)).toHaveLength(word === 'running\n' ? 1 : 0)
    }
  },
  240_000,
)

/** How many daemons there are, once one that was being started has written its pid file. */
async function settled(): Promise<number> {
  return until('what was started is up', 20, async () => {
    const running = daemons(node.directory).length
    return running === 0 || (await node.connection.status()).running ? running : undefined
  })
}

test('what runs and is not well is mute, and a start makes it well', async () => {
  await node.connection.start(newOrder())
  const [before] = daemons(node.directory)
  expect((await node.connection.status()).mute).toBeUndefined()
  rmSync(join(node.directory, 'run/ready'))
  expect(await node.connection.status()).toMatchObject({ running: true, mute: true, pid: before })
  expect(await node.connection.start({ ...newOrder(), unlessStopped: true })).toMatchObject({ did: true })
  expect(daemons(node.directory)).toHaveLength(1)
  expect(daemons(node.directory)).not.toContain(before)
})

test('where the word can not be kept, nothing is done', async () => {
  mkdirSync(path('.wanted.new'))
  await expect(node.connection.stop(newOrder())).rejects.toThrow(/no room to write.*left alone/)
  expect([wanted(), daemons(node.directory).length]).toEqual(['running\n', 1])
  rmSync(path('.wanted.new'), { recursive: true })
  await node.connection.stop(newOrder())
  expect(wanted()).toBe('stopped\n')
})
