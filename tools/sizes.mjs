// House rule of sizes for shell scripts, which eslint does not read: a file has at most 300 lines, a function at most 50.
// Usage: node tools/sizes.mjs [folder…]; default: src tools.
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './bundle.mjs'
import { isMain } from './is-main.mjs'

const FILE = 300
const FUNCTION = 50

/** What is too long in a shell script, one text a finding. */
export function oversize(name, text) {
  const lines = text.replace(/\n$/, '').split('\n')
  const found = lines.length > FILE ? [`${name}: ${lines.length} lines, ${FILE} are allowed`] : []
  let open
  lines.forEach((line, index) => {
    const begun = /^([A-Za-z_][A-Za-z0-9_]*)\(\) \{$/.exec(line)
    if (begun !== null) open = { name: begun[1], at: index }
    if (line === '}' && open !== undefined) {
      const length = index - open.at + 1
      if (length > FUNCTION) found.push(`${name}:${open.at + 1}: ${open.name} has ${length} lines, ${FUNCTION} are allowed`)
      open = undefined
    }
  })
  return found
}

if (isMain(import.meta.url)) {
  const folders = process.argv.length > 2 ? process.argv.slice(2) : ['src', 'tools']
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.sh') && !file.includes('node_modules'))
      .map((file) => join(folder, file)),
  )
  const found = files.flatMap((file) => oversize(file, readFileSync(join(root, file), 'utf8')))
  for (const line of found) console.log(line)
  process.exitCode = found.length === 0 ? 0 : 1
}
