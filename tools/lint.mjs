// All of the lint run; every part is run, whatever the others say.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const shell = readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.sh') && !file.includes('node_modules'))
  .map((file) => `src/${file}`)

const parts = [
  ['types', 'npx', ['tsc', '-p', '.']],
  ['eslint', 'npx', ['eslint', '--max-warnings', '0', '.']],
  ['prettier', 'npx', ['prettier', '--check', '--log-level', 'warn', '.']],
  ['layers', 'npx', ['depcruise', 'src']],
  ['unused', 'npx', ['knip']],
  ['shell', 'shellcheck', ['-s', 'dash', ...shell]],
  ['manifest', 'node', ['tools/manifest.mjs', '--check']],
]

const bad = parts.filter(([name, command, args]) => {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26 })
  console.log(`lint ${name}: ${status === 0 ? 'ok' : 'FAILED'}`)
  if (status !== 0) console.log(error ? error.message : stdout + stderr)
  return status !== 0
})
process.exitCode = bad.length === 0 ? 0 : 1
