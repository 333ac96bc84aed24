import { join } from 'node:path'
import { testCli } from '../support/cli.ts'
import { tempDir } from '../support/temp.ts'

const cli = testCli()
const folder = tempDir()

/** Each place where a file is named that akctl reads, and what it calls it. */
const PLACES: readonly [what: string, words: (file: string) => string[]][] = [
  ['file', (file) => ['fleet', 'plan', '-f', file]],
  ['file', (file) => ['fleet', 'apply', '-f', file, '--yes']],
  ['file', (file) => ['keys', 'import', 'theirs', file]],
  ['passphrase file', (file) => ['keys', 'create', 'locked', '--passphrase-file', file]],
  ['file of nodes', (file) => ['nodes', 'select', `@file:${file}`]],
  ['file', (file) => ['trust', 'add', 'mx1', '--from-known-hosts', file]],
  ['certificate', (file) => ['trust', 'add', 'web', '--ca', file]],
]

beforeAll(async () => {
  await cli.ok(['keys', 'create', 'fleet'])
  await cli.ok([
    'nodes',
    'create',
    'mx1',
    '--host',
    '127.0.0.1',
    '--user',
    'root',
    '--key',
    'fleet',
    '--mta',
    'postfix',
    '--dir',
    '/p',
  ])
  await cli.ok(['nodes', 'create', 'web', '--access', 'https', '--host', '127.0.0.1', '--mta', 'postfix', '--dir', '/p'])
})

test.each(PLACES)('a missing %s is said to be missing, in words', async (what, words) => {
  const file = join(folder, 'nope')
  const { exit, stderr } = await cli.run(words(file))
  expect([exit, stderr.split('\n')[0]]).toEqual([2, `akctl: there is no ${what} ${file}`])
})

test.each(PLACES)('a folder where a %s belongs is said to be one', async (what, words) => {
  const { exit, stderr } = await cli.run(words(folder))
  expect([exit, stderr.split('\n')[0]]).toEqual([2, `akctl: cannot read the ${what} ${folder}: it is a directory`])
})
