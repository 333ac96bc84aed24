// What the documents say is there: files, commands, flags, dependencies.
import { existsSync, statSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { BIN } from '../support/cli.ts'
import { ROOT, anchors, commandLines, documents, links, read } from '../support/documents.ts'

interface ManifestCommand {
  readonly id: string
  readonly aliases?: readonly string[]
  readonly hiddenAliases?: readonly string[]
  readonly flags: Readonly<Record<string, { readonly name: string; readonly char?: string; readonly allowNo?: boolean }>>
}

const { commands } = JSON.parse(read('oclif.manifest.json')) as { commands: Record<string, ManifestCommand> }
const byWords = new Map(
  Object.values(commands).flatMap((command) =>
    [command.id, ...(command.aliases ?? []), ...(command.hiddenAliases ?? [])].map(
      (id) => [id.replaceAll(':', ' '), command] as const,
    ),
  ),
)
const topics = new Set([...byWords.keys()].map((words) => words.split(' ')[0]))

/** What is wrong with a command line shown in a document; undefined when nothing is. */
function objection(line: string): string | undefined {
  const words = (line.match(/'[^']*'|"[^"]*"|\S+/g) ?? []).slice(1)
  if (words.length === 0 || words[0] === '…' || words[0] === '--version' || words[0] === '--help') return undefined
  if (words.length === 1 && topics.has(words[0] ?? '')) return undefined // `akctl mta`: a topic
  const command = byWords.get(words.slice(0, 2).join(' ')) ?? byWords.get(words[0] ?? '')
  if (command === undefined) return 'no such command'
  const flags = Object.values(command.flags)
  const names = new Set([
    ...flags.map(({ name }) => `--${name}`),
    ...flags.filter(({ allowNo }) => allowNo).map(({ name }) => `--no-${name}`),
    '--help',
  ])
  const chars = new Set(flags.flatMap(({ char }) => (char === undefined ? [] : [char])))
  const wrong = words.find((word) => {
    if (word.startsWith('--')) return !names.has(word.replace(/=.*/, ''))
    return /^-[a-zA-Z]/.test(word) && !chars.has(word.charAt(1))
  })
  return wrong === undefined ? undefined : `no flag ${wrong}`
}

describe.each(documents())('%s', (file) => {
  const text = read(file)

  it('links only to what is there', () => {
    const broken = links(text).filter((target) => {
      const [path = '', anchor] = target.split('#')
      const linked = path === '' ? file : normalize(join(dirname(file), decodeURIComponent(path)))
      if (!existsSync(join(ROOT, linked))) return true
      return anchor !== undefined && !anchors(read(linked)).includes(anchor)
    })
    expect(broken).toEqual([])
  })

  it('shows only commands and flags there are', () => {
    const wrong = commandLines(text).flatMap((line) => {
      const why = objection(line)
      return why === undefined ? [] : [`${line}: ${why}`]
    })
    expect(wrong).toEqual([])
  })
})

it('finds a wrong command, a wrong flag, and lets a right line pass', () => {
  expect(objection('akctl nodes lizt')).toBe('no such command')
  expect(objection('akctl nodes list --colour red')).toBe('no flag --colour')
  expect(objection('akctl nodes list -q')).toBe('no flag -q')
  expect(objection('akctl nodes list --no-status -o json')).toBeUndefined()
})

it('every dependency has its reason in docs/dependencies.md, and nothing else is listed', () => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<
    'dependencies' | 'devDependencies',
    Record<string, string>
  >
  const listed = [...read('docs/dependencies.md').matchAll(/^- (\S+) — \S.*$/gm)].map(([, name]) => name)
  expect([...listed].sort()).toEqual(Object.keys({ ...dependencies, ...devDependencies }).sort())
})

it('every decision is in the index', () => {
  const listed = links(read('docs/decisions/README.md'))
  const there = documents()
    .filter((file) => /^docs\/decisions\/\d/.test(file))
    .map((file) => file.slice('docs/decisions/'.length))
  expect([...listed].sort()).toEqual([...there].sort())
})

it('every test file that the security model names is there', () => {
  const named = [...read('docs/security.md').matchAll(/`(test\/[\w./-]+)`/g)].map(([, file = '']) => file)
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((file) => !existsSync(join(ROOT, file)))).toEqual([])
})

it('a link to the program starts it, as getting-started says', () => {
  expect(statSync(BIN).mode & 0o111).toBe(0o111)
})
