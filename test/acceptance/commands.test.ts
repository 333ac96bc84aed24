/* eslint "jest/no-conditional-expect": "off" -- decided by a table, or asserted by a helper */
import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { COMMANDS } from '../../src/cli/commands/index.ts'
import { testCli } from '../support/cli.ts'
import { fitsSchema } from '../support/schemas.ts'

const root = resolve(__dirname, '../..')
const cli = testCli()

interface Flag {
  readonly env?: string
  readonly helpGroup?: string
  readonly summary?: string
  readonly default?: unknown
  readonly type: 'boolean' | 'option'
}
interface Cached {
  readonly id: string
  readonly summary?: string
  readonly examples?: readonly string[]
  readonly hiddenAliases: readonly string[]
  readonly flags: Readonly<Record<string, Flag>>
  readonly args: Readonly<Record<string, { readonly description?: string }>>
}

const manifest = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as {
  commands: Readonly<Record<string, Cached>>
}
const commands = Object.values(manifest.commands)
const ids = commands.map(({ id }) => id)

/** Flags outside of GLOBAL and CONNECTION that describe how akctl works, not what a record holds or what is agreed to. */
const WITH_VARIABLE = new Set([
  'concurrency',
  'max-fail',
  'lock-timeout',
  'passphrase-file',
  'grace',
  'serial',
  'pause-between',
  'gate-timeout',
  'gate-queue',
])

/** `--json` is `-o json`, which has AKCTL_OUTPUT. */
const WITHOUT_VARIABLE = new Set(['json'])

describe.each(commands.map((command) => [command.id, command] as const))('%s', (id, command) => {
  const words = id.split(':')
  const flags = Object.entries(command.flags)

  test('has a summary, a description of each argument and flag, and examples of its own that use its flags', () => {
    expect(command.summary).toMatch(/^\S.{10,}[^.]$/)
    for (const [name, flag] of flags) expect([name, flag.summary]).toEqual([name, expect.stringMatching(/\S{3}/)])
    for (const arg of Object.values(command.args)) expect(arg.description).toMatch(/\S{3}/)
    expect(command.examples?.length).toBeGreaterThan(0)
    for (const example of command.examples ?? []) {
      expect(example).toContain(`<%= config.bin %> ${words.join(' ')}`)
      for (const [, flag = ''] of example.matchAll(/ --(?:no-)?([a-z][a-z-]*)/g)) {
        if (example.includes('| ssh')) continue
        expect(Object.keys(command.flags)).toEqual(expect.arrayContaining([expect.stringMatching(new RegExp(`^(no-)?${flag}$`))]))
      }
    }
  })

  test('has AKCTL_… for global and connection flags, and none for values of records and consents', () => {
    for (const [name, { env, helpGroup = '' }] of flags) {
      const wanted = ['GLOBAL', 'CONNECTION'].includes(helpGroup) ? !WITHOUT_VARIABLE.has(name) : WITH_VARIABLE.has(name)
      expect([name, env]).toEqual([name, wanted ? `AKCTL_${name.toUpperCase().replaceAll('-', '_')}` : undefined])
    }
    for (const name of ['profile', 'output', 'json', 'no-input']) expect(command.flags).toHaveProperty(name)
  })

  test('takes no secret on the command line, and no flag swallows the words behind it', async () => {
    for (const [name, { type }] of flags) {
      const secret = /passphrase|password|secret|token|api-?key/.test(name) && !name.endsWith('-file')
      if (secret) expect([name, type]).toEqual([name, 'boolean'])
    }
    const { default: Class } = await COMMANDS[id]!()
    const given = ((Class.flags as object | undefined) ?? {}) as Readonly<
      Record<string, { readonly multiple?: boolean; readonly multipleNonGreedy?: boolean }>
    >
    for (const [name, { multiple = false, multipleNonGreedy = false }] of Object.entries(given)) {
      expect([name, multiple]).toEqual([name, multipleNonGreedy])
    }
  })

  test('--help and help say the same and do nothing', async () => {
    const flag = await cli.ok([...words, '--help'])
    expect(flag.stdout).toContain(command.summary?.split(' ')[0])
    if (id !== 'help') expect(flag.stdout).toContain('EXAMPLES')
    expect((await cli.ok(['help', ...words])).stdout).toBe(flag.stdout)
    const { json } = await cli.ok([...words, '--help', '--json'])
    expect(json).toMatchObject({ schema: 'help/1', data: { topic: words.join(' ').replace('help', ''), text: flag.stdout } })
  })

  test('an unknown flag is exit 2 with and without --json, and names the near one', async () => {
    const plain = await cli.run([...words, '--jsom'])
    expect(plain).toMatchObject({ exit: 2, stdout: '', stderr: expect.stringMatching(/did you mean --json\?/) as string })
    const run = await cli.run([...words, '--jsom', '--json'])
    expect(run).toMatchObject({ exit: 2, stderr: '' })
    expect(fitsSchema(run.json)).toEqual([])
  })
})

test('without flags, reading goes over 64 nodes at once and changing over 8; more than ten are asked about', () => {
  const changing = ['mta:start', 'mta:stop', 'mta:restart', 'mta:sync', 'mta:rollback', 'settings:set', 'settings:unset']
  const wide = commands.filter(({ flags }) => flags['concurrency'] !== undefined)
  const asking = [...changing, 'fleet:apply', 'nodes:install']
  for (const { id, flags } of wide) {
    const widths = [flags['concurrency']?.default, flags['confirm-above']?.default]
    const released = id === 'locks:release' ? [8, undefined] : [64, undefined]
    expect([id, widths]).toEqual([id, asking.includes(id) ? [8, 10] : released])
  }
  expect(wide.map(({ id }) => id)).toEqual(expect.arrayContaining(asking))
})

test('node and nodes are one word, as hidden aliases', () => {
  for (const { id, hiddenAliases } of commands) {
    const other = id.startsWith('nodes:')
      ? id.replace('nodes:', 'node:')
      : id.startsWith('node:')
        ? id.replace('node:', 'nodes:')
        : undefined
    expect([id, hiddenAliases]).toEqual([id, other === undefined ? [] : [other]])
  }
})

test('the manifest has every command, and every command a schema of its own', () => {
  expect([...ids].sort()).toEqual(Object.keys(COMMANDS).sort())
  const files = readdirSync(join(root, 'docs/schema')).filter((file) => !file.endsWith('.schema.json')) // of files akctl reads
  const schemas = files.map((file) => file.replace('-1.json', '').replace('.', ':'))
  expect(schemas.sort()).toEqual([...ids, 'error'].sort())
})

describe('help', () => {
  test('nothing at all shows the topics; a topic shows its commands', async () => {
    const all = await cli.ok([])
    for (const topic of new Set(ids.filter((id) => id.includes(':')).map((id) => id.split(':')[0])))
      expect(all.stdout).toMatch(new RegExp(`^  ${topic} `, 'm'))
    const topic = await cli.ok(['keys'])
    for (const verb of ['create', 'import', 'list', 'show', 'delete']) expect(topic.stdout).toContain(`keys ${verb}`)
    expect((await cli.ok(['help', 'keys'])).stdout).toBe(topic.stdout)
    expect((await cli.ok(['keys', '--json'])).json.data).toMatchObject({ topic: 'keys' })
  })

  test('exit-codes prints the table', async () => {
    const { stdout } = await cli.ok(['help', 'exit-codes'])
    expect(stdout.match(/^ *\d+ {2}/gm)?.map(Number)).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 70, 130])
    const { json } = await cli.ok(['help', 'exit-codes', '--json'])
    expect(fitsSchema(json)).toEqual([])
    expect(json.data).toMatchObject({
      exitCodes: expect.arrayContaining([{ code: 5, name: 'untrusted', when: expect.any(String) as string }]) as unknown,
    })
  })

  test.each([
    [['nodez', 'list'], 'akctl nodes list'],
    [['nodes', 'lst'], 'akctl nodes list'],
    [['mta', 'snyc', 'mx1'], 'akctl mta sync'],
    [['help', 'keys', 'shw'], 'akctl keys show'],
    [['key', 'list', '--json'], 'akctl keys list'],
  ])('%j suggests %s', async (args, suggestion) => {
    const run = await cli.run(args)
    expect(run.exit).toBe(2)
    expect(run.stdout + run.stderr).toContain(`did you mean: ${suggestion}`)
  })

  test('a word that is like no command points to the help', async () => {
    expect(await cli.run(['frobnicate'])).toMatchObject({ exit: 2, stderr: expect.stringContaining('akctl help') as string })
    expect(await cli.run(['keys', 'frobnicate'])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('akctl help keys') as string,
    })
  })
})
