// `npm run demo`: a small fleet on loopback, from the first key to the last node deleted, every command shown with its
// real output. It checks itself, cleans up (on Ctrl-C too), and ends with 1 if anything was not as said.
// Usage: node tools/demo.mjs [--record FILE] [--story FILE]; --story plays another story (demo/story.mjs is the demo's own)
import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { DEMO_CACHE, fetchHaraka } from './fetch-haraka.mjs'
import { Stage, waitFor } from './demo/stage.mjs'
import { story as ownStory } from './demo/story.mjs'

const { values: options } = parseArgs({ options: { record: { type: 'string' }, story: { type: 'string' } } })
const bold = process.stdout.isTTY === true && !process.env.NO_COLOR
let printed = ''
let child
let interrupted

function print(text) {
  printed += text
  process.stdout.write(text)
}

/** Runs one line as typed in the stage's folder, showing it and what it prints. */
function type(stage, line) {
  const shown = `$ ${line}`
  printed += `${shown}\n`
  process.stdout.write(bold ? `\u001b[1m${shown}\u001b[0m\n` : `${shown}\n`)
  return new Promise((resolve, reject) => {
    let output = ''
    child = spawn('sh', ['-c', `exec 2>&1\n${line}`], { cwd: stage.folder, env: stage.env, stdio: ['ignore', 'pipe', 'inherit'] })
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text
      print(text)
    })
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, output }))
  })
}

/** @throws Error that says what was not as it should be */
async function perform(stage, step) {
  if ('title' in step) return print(`\n# ${step.title}\n`)
  const { status, output } = await type(stage, step.line)
  if (interrupted !== undefined) return undefined
  const wanted = step.exit ?? 0
  if (status !== wanted) throw new Error(`"${step.line}" ended with ${status}, expected was ${wanted}`)
  if (wanted !== 0) print(`(exit ${wanted})\n`)
  const missing = (step.shows ?? []).find((pattern) => !pattern.test(output))
  if (missing !== undefined) throw new Error(`"${step.line}" did not show ${missing}`)
  await step.check?.()
}

async function main() {
  const { story } = options.story === undefined ? { story: ownStory } : await import(pathToFileURL(resolve(options.story)).href)
  await fetchHaraka(DEMO_CACHE)
  const started = Date.now()
  const stage = new Stage()
  const onSignal = (name) => {
    interrupted = name
    child?.kill('SIGTERM')
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, onSignal)
  try {
    await stage.reservePorts(['ssh', 'mx1', 'mx2', 'mx3', 'agent', 'sink'])
    const fingerprint = await stage.startSshd(stage.ports.ssh)
    await stage.startSink(stage.ports.sink)
    for (const step of story(stage, fingerprint)) {
      if (interrupted !== undefined) throw new Error(`ended by ${interrupted}`)
      await perform(stage, step)
    }
    await waitFor('no process of the nodes is left', () => stage.leftovers().length === 0)
    process.stdout.write(`\nEverything was as said (${Math.round((Date.now() - started) / 1000)} s). The folder is gone again.\n`)
    if (options.record !== undefined) writeFileSync(options.record, `${printed.trim()}\n`)
  } finally {
    await stage.close()
  }
}

try {
  await main()
} catch (error) {
  console.error(`\nThe demo stopped: ${error.message}`)
  process.exitCode = interrupted === undefined ? 1 : 130
}
