// Scripts in the bundle are shorter and mean the same: bash, which prints what it has read, prints the same of both.
import { spawnSync } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { compact } from '../../../tools/shell-text.mjs'

const src = resolve(__dirname, '../../../src')
const scripts = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.sh') && !file.includes('node_modules'),
)

/** A script as bash has read it. */
function read(script: string): string {
  const { stdout, stderr, status } = spawnSync('bash', ['-c', 'eval "read_it() {\n$(cat)\n}" && declare -f'], {
    input: script,
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(stderr)
  return stdout
}

test.each(scripts)('%s', (file) => {
  const script = readFileSync(join(src, file), 'utf8')
  const short = compact(script)
  expect(short.length).toBeLessThan(script.length)
  expect(read(short)).toBe(read(script))
})

test.each([
  ['comments and indentation go', '# a\n\n  echo a # b\n  # c\n', 'echo a # b\n'],
  ['quoted lines stay', "echo 'a\n  # b\n' c\n  echo d\n", "echo 'a\n  # b\n' c\necho d\n"],
  ['lines in double quotes stay', 'echo "a \\"\n  # b\n"\n  echo\n', 'echo "a \\"\n  # b\n"\necho\n'],
  ['here-documents stay', '  cat <<END\n  # a\nEND\n  echo\n', 'cat <<END\n  # a\nEND\necho\n'],
  ['here-documents with tabs stay', "  cat <<-'END'\n\t# a\n\tEND\n  echo\n", "cat <<-'END'\n\t# a\n\tEND\necho\n"],
  ['continued lines stay', '  echo a\\\n    b\n  echo\n', 'echo a\\\n    b\necho\n'],
  ['a # inside a word is no comment', "echo ${a#x} 'b'\n  echo '\n  c'\n", "echo ${a#x} 'b'\necho '\n  c'\n"],
])('%s', (_, script, short) => {
  expect(compact(script)).toBe(short)
})
