// Each house rule of docs/architecture.md catches a violation; a rule nobody has seen fail is no rule.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fixtureTree } from '../support/fixture-tree.ts'

const root = resolve(__dirname, '../..')
const lines = (count: number): string => 'export {}\n'.repeat(count)
const functionOf = (count: number): string =>
  `export function f(n: number): number {\n${'  n += 1\n'.repeat(count - 3)}  return n\n}\n`

interface Message {
  readonly ruleId: string | null
  readonly message: string
}

/** The rules that eslint reports in each file of a tree. */
function eslint(files: Readonly<Record<string, string>>): Record<string, readonly string[]> {
  const cwd = fixtureTree(files)
  const args = [join(root, 'node_modules/eslint/bin/eslint.js'), '-c', join(root, 'eslint.config.js'), '--format', 'json', '.']
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  if (stdout === '') throw new Error(stderr)
  const results = JSON.parse(stdout) as { filePath: string; messages: Message[] }[]
  return Object.fromEntries(
    results.map(({ filePath, messages }) => [filePath.slice(cwd.length + 1), messages.map((m) => m.ruleId ?? m.message)]),
  )
}

describe('rules read by eslint', () => {
  const violations: readonly (readonly [name: string, file: string, text: string, rule: string])[] = [
    ['a source file of 301 lines', 'src/node/long.ts', lines(301), 'max-lines'],
    ['a command of 121 lines', 'src/cli/commands/long.ts', lines(121), 'max-lines'],
    ['a test file of 401 lines', 'test/unit/long.test.ts', lines(401), 'max-lines'],
    ['a function of 51 lines', 'src/node/long-function.ts', functionOf(51), 'max-lines-per-function'],
    ['a variable of the module', 'src/node/let.ts', 'let n = 0\nexport const f = (): number => n++\n', 'house/no-module-state'],
    ['an exported variable', 'src/node/export-let.ts', 'export let n = 0\n', 'house/no-module-state'],
    [
      'a cache in a Map',
      'src/node/map.ts',
      'const m = new Map<string, string>()\nexport const f = (): unknown => m.set("a", "b")\n',
      'house/no-module-state',
    ],
    [
      'a registry in an array',
      'src/node/array.ts',
      'const a: { list: string[] } = { list: [] }\nexport const f = (): number => a.list.push("x")\n',
      'house/no-module-state',
    ],
    [
      'a memo in an object',
      'src/node/object.ts',
      'const o: Record<string, string> = {}\nexport function f(): void {\n  o["a"] = "b"\n}\n',
      'house/no-module-state',
    ],
    [
      'a change of what another file exports',
      'src/node/imported.ts',
      'import { shared } from "./shared.ts"\nexport const f = (): number => shared.push("x")\n',
      'house/no-module-state',
    ],
    ['a static that changes', 'src/node/static.ts', 'export class C {\n  static count = 0\n}\n', 'house/no-module-state'],
    ['an exit', 'src/cli/exit.ts', 'export const f = (): never => process.exit(1)\n', 'no-restricted-properties'],
    [
      'an exit code',
      'src/cli/exit-code.ts',
      'export function f(): void {\n  process.exitCode = 1\n}\n',
      'no-restricted-properties',
    ],
    [
      'an imported exit',
      'src/cli/imported-exit.ts',
      'import { exit } from "node:process"\nexport const f = (): never => exit(1)\n',
      'no-restricted-imports',
    ],
    ['a console', 'src/cli/console.ts', 'console.log("x")\nexport {}\n', 'no-console'],
    ['an any', 'src/cli/any.ts', 'export const f = (a: any): unknown => a\n', '@typescript-eslint/no-explicit-any'],
    [
      'an import without extension',
      'src/node/extension.ts',
      'import { shared } from "./shared"\nexport const f = (): number => shared.length\n',
      'no-restricted-syntax',
    ],
    [
      'a directive that disables nothing',
      'src/node/directive.ts',
      '// eslint-disable-next-line no-console -- why\nexport {}\n',
      'null',
    ],
    ['a tool of 301 lines', 'tools/long.mjs', lines(301), 'max-lines'],
    ['a function of 51 lines in a tool', 'tools/docs/long-function.ts', functionOf(51), 'max-lines-per-function'],
    ['and in a bench', 'test/bench/long-function.mjs', functionOf(51).replaceAll(': number', ''), 'max-lines-per-function'],
    [
      'a misspelt name in what runs on nodes',
      'src/mta/haraka/package/plugins/akctl/a.js',
      'exports.a = () => procces.pid\n',
      'no-undef',
    ],
    ['a misspelt name in the shipped entry', 'bin/a.js', 'exports.a = () => procces.pid\n', 'no-undef'],
    ['an any in a tool', 'tools/docs/any.ts', 'export const f = (a: any): unknown => a\n', '@typescript-eslint/no-explicit-any'],
    ['a skipped test', 'test/unit/skipped.test.ts', 'it.skip("x", () => {\n  expect(1).toBe(1)\n})\n', 'jest/no-disabled-tests'],
    ['a test that asserts nothing', 'test/unit/empty.test.ts', 'it("x", () => {\n  Math.abs(1)\n})\n', 'jest/expect-expect'],
  ]
  const good = {
    'src/node/shared.ts': 'export const shared: string[] = []\n',
    'src/node/good.ts': `const NAMES = new Map([["a", 1]])
export class Counter {
  static readonly start = 1
  private n = 0
  private readonly seen = new Set<string>()
  add(name: string): number {
    this.seen.add(name)
    const found = new Map(NAMES).set("b", this.n++)
    return found.size
  }
}
`,
    'src/node/short.ts': `${functionOf(50)}${lines(250)}`,
    'src/cli/commands/short.ts': lines(120),
    'bin/good.js': "'use strict'\nconst fs = require('node:fs')\nmodule.exports = () => fs.readFileSync(__filename)\n",
    'tools/good.mjs': "import { pid } from 'node:process'\nconsole.log(pid, process.argv)\n",
    'test/unit/short.test.ts': `it("x", () => {\n  expect(1).toBe(1)\n})\n${'// x\n'.repeat(397)}`,
  }
  const found = eslint({ ...good, ...Object.fromEntries(violations.map(([, file, text]) => [file, text])) })

  it.each(violations)('%s is refused', (_, file, __, rule) => {
    expect(found[file]?.map((id) => (id.startsWith('Unused eslint-disable') ? 'null' : id))).toContain(rule)
  })

  it.each(Object.keys(good))('%s, which keeps the rules, is accepted', (file) => {
    expect(found[file]).toEqual([])
  })
})

describe('layers', () => {
  const a = 'export const a = 1\n'
  const use = (from: string): string => `import { a } from '${from}'\nexport const b = a\n`
  const files = {
    ...Object.fromEntries(
      [
        'cli',
        'operations',
        'fleet',
        'profile',
        'connection',
        'connection/ssh',
        'connection/agent',
        'mta',
        'script',
        'node',
        'outcome',
      ].map((layer) => [`src/${layer}/a.ts`, a]),
    ),
    'src/operations/up.ts': use('../cli/a.ts'),
    'src/fleet/across.ts': use('../connection/a.ts'),
    'src/connection/across.ts': use('../profile/a.ts'),
    'src/mta/up.ts': use('../connection/a.ts'),
    'src/script/up.ts': use('../mta/a.ts'),
    'src/node/up.ts': use('../script/a.ts'),
    'src/outcome/up.ts': use('../node/a.ts'),
    'src/cli/down.ts': use('../outcome/a.ts'),
    'src/strange/a.ts': use('../node/a.ts'),
    'src/agent/ssh.ts': use('../connection/ssh/a.ts'),
    'src/agent/good.ts': use('../connection/a.ts'),
    'src/node/one.ts': `import type { B } from './two.ts'\nexport type A = B | 1\n`,
    'src/node/two.ts': `import type { A } from './one.ts'\nexport type B = A | 2\n`,
    'src/operations/oclif.ts': "import { run } from '@oclif/core'\nexport const f = run\n",
    'src/operations/ssh2.ts': "export const f = (): unknown => import('ssh2')\n",
    'src/operations/ssh.ts': use('../connection/ssh/a.ts'),
    'src/operations/undici.ts': "export const f = (): unknown => import('undici')\n",
    'src/operations/client.ts': use('../connection/agent/a.ts'),
    'src/cli/top-yaml.ts': "import { parse } from 'yaml'\nexport const f = parse\n",
    'src/cli/lazy-yaml.ts': "export const f = (): unknown => import('yaml')\n",
    'src/mta/spawn.ts': "import { spawn } from 'node:child_process'\nexport const f = spawn\n",
    'src/node/lost.ts': use('./nowhere.ts'),
  }
  const cwd = fixtureTree(files)
  const args = [
    join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'),
    'src',
    '--config',
    join(root, '.dependency-cruiser.cjs'),
    '--output-type',
    'json',
  ]
  const { stdout } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 26 })
  const { summary } = JSON.parse(stdout) as { summary: { violations: { from: string; rule: { name: string } }[] } }
  const rulesOf = (file: string): string[] => summary.violations.filter((v) => v.from === file).map((v) => v.rule.name)

  it.each([
    ['src/operations/up.ts', 'operations-imports-downward'],
    ['src/fleet/across.ts', 'fleet-imports-downward'],
    ['src/connection/across.ts', 'connection-imports-downward'],
    ['src/mta/up.ts', 'mta-imports-downward'],
    ['src/script/up.ts', 'script-imports-downward'],
    ['src/node/up.ts', 'node-imports-downward'],
    ['src/outcome/up.ts', 'outcome-imports-downward'],
    ['src/strange/a.ts', 'no-strange-layer'],
    ['src/agent/ssh.ts', 'agent-reaches-scripted-local-and-wire-only'],
    ['src/node/one.ts', 'no-cycles'],
    ['src/operations/oclif.ts', 'only-cli-knows-oclif'],
    ['src/operations/ssh2.ts', 'only-ssh-knows-ssh2'],
    ['src/operations/ssh.ts', 'ssh-by-import()'],
    ['src/operations/undici.ts', 'only-agent-client-knows-undici'],
    ['src/operations/client.ts', 'agent-client-by-import()'],
    ['src/cli/top-yaml.ts', 'heavy-libraries-by-import()'],
    ['src/mta/spawn.ts', 'drivers-describe-hosts-execute'],
    ['src/node/lost.ts', 'no-unknown-file'],
  ])('%s is refused by %s', (file, rule) => {
    expect(rulesOf(file)).toContain(rule)
  })

  it.each(['src/cli/down.ts', 'src/cli/lazy-yaml.ts', 'src/agent/good.ts'])('%s is accepted', (file) => {
    expect(rulesOf(file)).toEqual([])
  })

  it('every folder of src is a layer', () => {
    const known = ['cli', 'operations', 'fleet', 'profile', 'connection', 'mta', 'script', 'node', 'outcome', 'agent']
    const folders = readdirSync(join(root, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory())
    expect(known).toEqual(expect.arrayContaining(folders.map((entry) => entry.name)))
  })
})
