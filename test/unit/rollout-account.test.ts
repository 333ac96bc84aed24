// The account of failures over all waves and their gates, by the words of docs/waves.md, for random fleets and troubles.
import { parseSerial, wavesOf } from '../../src/fleet/waves.ts'
import { FailedError } from '../../src/outcome/errors.ts'
import { memoryWorlds } from '../support/memory-node.ts'
import { random } from '../support/random.ts'
import { outcomesOf, run, waves } from '../support/rollout.ts'

const memoryWorld = memoryWorlds()

/** What happens to a node: nothing, its order fails, its end is not seen, or it is not well at the gate. */
const FATES = ['well', 'well', 'well', 'fails', 'unseen', 'sick'] as const
type Fate = (typeof FATES)[number]
const OUTCOME = { well: 'changed', fails: 'failed', unseen: 'unknown', sick: 'failed' } as const

/** One node at a time: none is started once so many have failed; the gate counts when its wave is over. */
function expected(fates: readonly Fate[], serial: string, maxFail: number): readonly string[] {
  let failed = 0
  return wavesOf([...fates], parseSerial(serial)).flatMap((wave) => {
    const done = wave.map((fate): readonly [Fate, string] => {
      if (failed >= maxFail) return [fate, 'skipped']
      if (fate === 'fails' || fate === 'unseen') failed++
      return [fate, OUTCOME[fate]]
    })
    failed += done.filter(([fate, outcome]) => fate === 'sick' && outcome !== 'skipped').length
    return done.map(([, outcome]) => outcome)
  })
}

test('for random fleets, waves, limits and troubles: what is started, and what is not, is as the page says', async () => {
  for (let seed = 1; seed <= 15; seed++) {
    const below = random(seed)
    const names = Array.from({ length: 1 + below(7) }, (_, index) => `mx${index}`)
    const fates = names.map((): Fate => FATES[below(FATES.length)] ?? 'well')
    const serial = ['1', '2', '1,3', '50%', '1,100%'][below(5)] ?? '1'
    const maxFail = 1 + below(3)
    const world = await memoryWorld(names)
    for (const [index, name] of names.entries()) {
      const node = world.node(name)
      Object.assign(node, { running: true, queue: 0 })
      const fate = fates[index]
      if (fate === 'unseen') node.cut = 'before'
      node.during = () => {
        if (fate === 'fails') throw new FailedError('no room')
        if (fate === 'sick') node.queue = 999
      }
    }
    const nodes = await run(world, waves(serial), { maxFail, concurrency: 1 })
    const about = { seed, fates, serial, maxFail }
    expect({ ...about, outcomes: outcomesOf(nodes) }).toEqual({ ...about, outcomes: expected(fates, serial, maxFail) })
    const told = names.filter((name) => world.node(name).calls.includes('sync'))
    expect(told).toEqual(nodes.filter(({ outcome }) => outcome !== 'skipped').map(({ node }) => node))
  }
})
