import { effectiveSettings, settingsToPush } from '../../src/node/effective.ts'
import { differingKeys, type Settings } from '../../src/node/settings.ts'
import { SYNCED, syncedOf, type NodeState } from '../../src/node/state.ts'
import { keyChanges, valueText } from '../../src/operations/mta/keys.ts'

const TOLD: Settings = { 'dns-lookup-timeout': 5, 'smtp-listen-only-interfaces': ['203.0.113.5'] }

function state(change: Partial<NodeState> = {}, revision = 7, settings: Settings = TOLD): NodeState {
  return {
    running: true,
    installed: true,
    listening: [],
    edited: [],
    clock: 0,
    loaded: revision,
    record: { revision, id: 'X', settings, by: 'ann@desk', at: '', reason: '', schema: 1 },
    ...change,
  }
}

/** A state without some of its facts. */
function without(...facts: readonly (keyof NodeState)[]): NodeState {
  return Object.fromEntries(
    Object.entries(state()).filter(([name]) => !facts.some((fact) => fact === name)),
  ) as unknown as NodeState
}

const UNTOLD = without('record', 'loaded')
const UNLOADED = without('loaded')

test.each<[string, NodeState | undefined, Settings, (typeof SYNCED)[number]]>([
  ['what was told is what is wanted, and is loaded', state(), TOLD, 'yes'],
  [
    'the same in another order of keys',
    state(),
    { 'smtp-listen-only-interfaces': ['203.0.113.5'], 'dns-lookup-timeout': 5 },
    'yes',
  ],
  ['a stopped one reads the revision at its start', { ...UNLOADED, running: false }, TOLD, 'yes'],
  ['another value is wanted', state(), { ...TOLD, 'dns-lookup-timeout': 9 }, 'no'],
  ['one setting more is wanted', state(), { ...TOLD, profiling: false }, 'no'],
  ['one setting is wanted no longer', state(), { 'dns-lookup-timeout': 5 }, 'no'],
  ['an older revision is loaded', state({ loaded: 6 }), TOLD, 'reload'],
  ['nobody can tell what is loaded', UNLOADED, TOLD, 'reload'],
  ['a file was edited', state({ edited: ['main.cf'] }), TOLD, 'edited'],
  ['the base was edited', state({ edited: ['base'] }), TOLD, 'edited'],
  ['edited counts more than other settings', state({ edited: ['main.cf'], loaded: 6 }), {}, 'edited'],
  ['other settings count more than an old load', state({ loaded: 6 }), {}, 'no'],
  ['never told anything', UNTOLD, TOLD, 'never'],
  ["revision 0 is install's own", state({ edited: ['main.cf'] }, 0, {}), {}, 'never'],
  ['nothing is known', undefined, TOLD, 'unknown'],
])('SYNCED: %s', (_, found, wanted, synced) => {
  expect(syncedOf(found, wanted)).toBe(synced)
})

test('the own value comes before the default, and nothing is made up', () => {
  const found = effectiveSettings({ profiling: false }, { profiling: true, 'spool-readers': 4 })
  expect(found).toHaveLength(23)
  expect(found.filter(({ origin }) => origin !== 'mta')).toEqual([
    { key: 'spool-readers', origin: 'profile', value: 4 },
    { key: 'profiling', origin: 'node', value: false },
  ])
  expect(found.filter(({ origin, value }) => origin === 'mta' && value !== undefined)).toEqual([])
  expect(settingsToPush({ profiling: false }, { profiling: true, 'spool-readers': 4 })).toEqual({
    profiling: false,
    'spool-readers': 4,
  })
})

test('what is pushed is exactly what has an origin other than the MTA', () => {
  const own: Settings = { 'dns-lookup-timeout': 3, 'fbl-header-name': 'X-FBL' }
  const defaults: Settings = { 'dns-lookup-timeout': 9, 'mta-observer': true }
  const pushed = Object.fromEntries(
    effectiveSettings(own, defaults).flatMap(({ key, value }) => (value === undefined ? [] : [[key, value]])),
  )
  expect(settingsToPush(own, defaults)).toEqual(pushed)
})

test('changes of keys are given in the order of the page, both sides only where there is one', () => {
  const changes = keyChanges(TOLD, { profiling: true, 'dns-lookup-timeout': 9 })
  expect(changes).toEqual([
    { key: 'dns-lookup-timeout', told: 5, wanted: 9 },
    { key: 'smtp-listen-only-interfaces', told: ['203.0.113.5'] },
    { key: 'profiling', wanted: true },
  ])
  expect(changes.map(({ key, told, wanted }) => [valueText(key, told), valueText(key, wanted)])).toEqual([
    ['5s', '9s'],
    ['203.0.113.5', '-'],
    ['-', 'on'],
  ])
  expect(keyChanges(TOLD, { ...TOLD })).toEqual([])
})

test('differences are the same from both sides, and none between equals', () => {
  const sets: Settings[] = [{}, TOLD, { profiling: false }, { ...TOLD, profiling: false }, { 'dns-lookup-timeout': 6 }]
  for (const a of sets) {
    for (const b of sets) {
      expect(differingKeys(a, b)).toEqual(differingKeys(b, a))
      expect(differingKeys(a, b).length === 0).toBe(a === b)
    }
  }
})
