/* eslint-disable jest/no-export -- a part of the suite that the drivers' own test files run */
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Support } from '../../src/mta/driver.ts'
import { settingDefs, type SettingKey, type Settings, type SettingValue } from '../../src/node/settings.ts'
import { type LocalNode, newSync } from '../support/local-node.ts'

/** The lines that differ between two configurations, by file: first what went (`-…`), then what came (`+…`). */
type Changes = Readonly<Record<string, readonly string[]>>

/** What must become of one setting: as it is told, and as the MTA reads it. */
export interface Effect {
  readonly level: Support['level']
  /** A valid value that the MTA, with the base that install makes, does not have anyhow. */
  readonly value: SettingValue
  /** In which lines what the MTA reads differs from what it reads with nothing set; `DIR` and `PORT` are the node's own. */
  readonly changes: Changes
}

/** All 23 of them. */
export type Effects = Readonly<Record<SettingKey, Effect>>

/** A setting that the MTA has itself. */
export function native(value: SettingValue, changes: Changes): Effect {
  return { level: 'native', value, changes }
}

/** A setting that becomes something near to it. */
export function nearest(value: SettingValue, changes: Changes): Effect {
  return { level: 'nearest', value, changes }
}

/** A setting that nothing becomes of. */
export function unsupported(value: SettingValue): Effect {
  return { level: 'unsupported', value, changes: {} }
}

interface Story {
  readonly node: LocalNode
  readonly listen: string
}

/**
 * What becomes of each setting: what the driver tells, and what a sync by this access makes of it in the files that the
 * MTA reads. Every access is held to the same lines. The MTA is stopped: a sync then takes a fraction of a second, and
 * moves what the next start reads.
 */
export function supporting(story: Story, effects: Effects): void {
  // The observer is akctl's own: nothing that the MTA reads changes.
  const keys = settingDefs().map(({ key }) => key)
  const changing = keys.filter((key) => effects[key].level !== 'unsupported' && key !== 'mta-observer')
  const silent = keys.filter((key) => !changing.includes(key))
  let without: Files

  telling(story, effects, changing)

  test('with nothing set, the MTA reads what its base says and the address it sends from', async () => {
    await story.node.connection.sync(newSync({ settings: {} }))
    without = filesRead(story)
    expect(Object.keys(without).length).toBeGreaterThan(1)
  })

  test('settings that are not supported, and the observer, change no file that the MTA reads: alone by preview, and all by sync', async () => {
    const { node } = story
    for (const key of silent) {
      const { files } = await node.connection.preview({ settings: only(key, effects) })
      expect([key, files]).toEqual([key, []])
    }
    const settings: Settings = Object.assign({}, ...silent.map((key) => only(key, effects))) as Settings
    expect(await node.connection.sync(newSync({ settings }))).toMatchObject({ wrote: true, running: false })
    expect(told(node)).toEqual(settings)
    expect(filesRead(story)).toEqual(without)
  })

  test.each(changing)('a sync of %s alone changes what the MTA reads, in these lines and no others', async (key) => {
    const { node } = story
    const settings = only(key, effects)
    expect(await node.connection.sync(newSync({ settings }))).toMatchObject({ wrote: true, running: false })
    expect(told(node)).toEqual(settings)
    expect(changesOf(without, filesRead(story))).toEqual(effects[key].changes)
  })
}

/** What the driver says, and that the table above is one that shows it. */
function telling(story: Story, effects: Effects, changing: readonly SettingKey[]): void {
  test('says of all 23 settings what they become', () => {
    const { driver, installation } = story.node
    const said = settingDefs().map(({ key }) => [key, driver.support(key, installation)] as const)
    expect(said).toHaveLength(23)
    for (const [key, { level, what }] of said) {
      expect([key, level]).toEqual([key, effects[key].level])
      expect(`${key}: ${what}`).toMatch(/: .{8}/)
      const changes = [
        driver.edits(only(key, effects), { ...installation, addresses: [] }).length > 0,
        Object.keys(effects[key].changes).length > 0,
      ]
      expect([key, ...changes]).toEqual([key, changing.includes(key), changing.includes(key)])
    }
  })
}

function only(key: SettingKey, effects: Effects): Settings {
  return { [key]: effects[key].value }
}

/** The settings of the record that the node keeps of its last sync. */
function told(node: LocalNode): unknown {
  return (JSON.parse(node.read('akctl/current/send-module.json')) as { readonly settings: unknown }).settings
}

type Files = Readonly<Record<string, string>>

/** All files that the MTA reads, by path, with the same names for what differs from node to node. */
function filesRead({ node, listen }: Story): Files {
  const folder = join(node.directory, 'akctl/live/conf')
  const port = listen.slice(listen.lastIndexOf(':'))
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Object.fromEntries(
    files.map(({ parentPath, name }) => {
      const path = join(parentPath, name)
      const text = readFileSync(path, 'utf8').replaceAll(node.directory, 'DIR').replaceAll(port, ':PORT')
      return [relative(folder, path), text]
    }),
  )
}

/** A file that differs in the order of its lines alone is there, without lines. */
function changesOf(before: Files, after: Files): Changes {
  const paths = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((path) => before[path] !== after[path])
  return Object.fromEntries(
    paths.map((path) => {
      const [old, now] = [linesOf(before[path]), linesOf(after[path])]
      return [path, [...missing(old, now).map((line) => `-${line}`), ...missing(now, old).map((line) => `+${line}`)]]
    }),
  )
}

/** The lines of a file that say something; blanks between words count once, as both MTAs read them. */
function linesOf(text = ''): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim())
    .filter((line) => line !== '')
}

/** Those of the lines that the others have fewer of. */
function missing(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others]
  return lines.filter((line) => {
    const at = left.indexOf(line)
    if (at >= 0) left.splice(at, 1)
    return at < 0
  })
}
