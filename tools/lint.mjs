// All of the lint run; every part is run, whatever the others say. Last line: which parts failed.
// Usage: node tools/lint.mjs [part…]
import { spawn } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { root } from './bundle.mjs'
import { isMain } from './is-main.mjs'

const shell = readdirSync(`${root}/src`, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.sh') && !file.includes('node_modules'))
  .map((file) => `src/${file}`)

const bin = (name) => `node_modules/.bin/${name}`

/** Longest first: two run at a time. */
const PARTS = [
  ['eslint', bin('eslint'), ['--max-warnings', '0', '.']],
  ['types', bin('tsc'), ['-p', '.']],
  ['prettier', bin('prettier'), ['--check', '--log-level', 'warn', '.']],
  ['layers', bin('depcruise'), ['src']],
  ['unused', bin('knip'), []],
  ['shell', 'shellcheck', ['-s', 'dash', 'tools/first.sh', 'tools/fresh-machine.sh', ...shell]],
  ['lock', process.execPath, ['tools/complete-lock.mjs', '--check']],
  ['lock of Haraka', process.execPath, ['tools/complete-lock.mjs', '--check', 'src/mta/haraka/package/package-lock.json']],
  ['sizes', process.execPath, ['tools/sizes.mjs']],
  ['start path', process.execPath, ['tools/start-path.mjs']],
  ['agent bundle', process.execPath, ['tools/agent-bundle.mjs']],
  ['manifest', process.execPath, ['tools/manifest.mjs', '--check']],
  ['schemas', process.execPath, ['tools/schemas.mjs', '--check']],
  ['docs', process.execPath, ['tools/docs.mjs', '--check']],
]

/**
 * Runs the parts (all, or the named ones), two at a time, and prints each one's result as it comes.
 * @returns {Promise<{ passed: string[], failed: string[] }>} names of parts
 */
export async function lint(names = []) {
  const unknown = names.filter((name) => !PARTS.some(([part]) => part === name))
  if (unknown.length > 0) throw new Error(`no such part: ${unknown.join(', ')}; there are ${PARTS.map(([n]) => n).join(', ')}`)
  const queue = PARTS.filter(([name]) => names.length === 0 || names.includes(name))
  const result = { passed: [], failed: [] }
  const worker = async () => {
    for (let part = queue.shift(); part !== undefined; part = queue.shift()) {
      const started = Date.now()
      const { ok, output } = await run(part)
      console.log(`lint ${part[0]}: ${ok ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
      if (!ok) console.log(output.trimEnd())
      result[ok ? 'passed' : 'failed'].push(part[0])
    }
  }
  await Promise.all([worker(), worker()])
  return result
}

function run([, command, args]) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    const chunks = []
    child.stdout.on('data', (chunk) => chunks.push(chunk))
    child.stderr.on('data', (chunk) => chunks.push(chunk))
    child.on('error', (error) => resolve({ ok: false, output: error.message }))
    child.on('close', (status) => resolve({ ok: status === 0, output: Buffer.concat(chunks).toString('utf8') }))
  })
}

if (isMain(import.meta.url)) {
  const { failed } = await lint(process.argv.slice(2))
  if (failed.length > 0) console.log(`lint failed: ${failed.join(', ')}`)
  process.exitCode = failed.length === 0 ? 0 : 1
}
