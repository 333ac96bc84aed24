import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { tempDir } from './temp.ts'

const root = resolve(__dirname, '../..')

/** A temporary source tree with this project's settings for tsc, eslint and dependency-cruiser, for tests of the house rules. */
export function fixtureTree(files: Readonly<Record<string, string>>): string {
  const folder = tempDir('akctl-rules-')
  for (const name of ['node_modules', 'package.json']) symlinkSync(join(root, name), join(folder, name))
  const tsconfig = { extends: join(root, 'tsconfig.json'), include: ['src', 'test', 'tools'] }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), text)
  }
  return folder
}
