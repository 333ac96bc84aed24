// `npm run demo` without its installation: it checks itself; here is checked that it does, that it prints what the README
// shows, how it ends, and that nothing stays.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { chapters } from '../support/demo-output.ts'
import { ROOT, read } from '../support/documents.ts'
import { isAtWork } from '../support/processes.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

interface Demo {
  readonly printed: () => string
  /** The demo's temporary folder, once it has been shown. */
  readonly folder: () => string | undefined
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Promise<number | null>
}

function startDemo(...words: string[]): Demo {
  const child = spawn(process.execPath, [join(ROOT, 'tools/demo.mjs'), ...words], { stdio: ['ignore', 'pipe', 'pipe'] })
  let printed = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
  return {
    printed: () => printed,
    folder: () => /[\w./-]*\/akctl-demo-\w+/.exec(printed)?.[0],
    kill: (signal) => child.kill(signal),
    ended: new Promise((resolve) => child.on('close', resolve)),
  }
}

/** Processes that name a folder in their command line. */
function processesOf(folder: string): readonly string[] {
  return readdirSync('/proc')
    .filter((pid) => /^\d+$/.test(pid))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)
      } catch {
        return false // has ended meanwhile
      }
    })
}

/** Seconds that the demo may take, when Haraka is there: two minutes, and longer where others have the processors too. */
const limit = (): number => 120 * Math.max(1, (loadavg()[0] ?? 0) / availableParallelism())
const END = /^Everything was as said \((\d+) s\)/m

test('everything is as said within two minutes and as the README shows it, and nothing stays behind', async () => {
  const demo = startDemo()
  const status = await demo.ended
  expect({ status, end: demo.printed().split('\n').slice(-4) }).toEqual({
    status: 0,
    end: expect.arrayContaining([expect.stringMatching(END)]) as string[],
  })
  expect(existsSync(demo.folder() ?? '')).toBe(false)
  expect(processesOf(demo.folder() ?? '')).toEqual([])
  const [played = '', seconds] = demo.printed().split(END)
  const shown = /<!-- begin demo -->\n```console\n(.*)^```\n<!-- end demo -->/ms.exec(read('README.md'))?.[1] ?? ''
  // Else: node tools/demo.mjs --record docs/demo.txt && npm run docs
  expect(chapters(shown)).toEqual(chapters(played.slice(played.search(/^# /m))))
  expect(Number(seconds)).toBeLessThan(limit())
}, 600_000)

const scratch = tempDir()

test.each([
  ['an exit code', `{ line: 'exit 3', exit: 4 }`, /"exit 3" ended with 3, expected was 4/],
  ['what is printed', `{ line: 'echo one', shows: [/two/] }`, /"echo one" did not show \/two\//],
  ['what is true afterwards', `{ line: 'true', check: () => { throw new Error('not so: two') } }`, /stopped: not so: two/],
])('one step with another %s than was said ends it there, with 1, and nothing stays behind', async (_what, step, message) => {
  const stays = `{ line: '(cd sink && exec sleep 300) >/dev/null 2>&1 & echo sleep: $!' }`
  const file = join(scratch, 'story.mjs')
  writeFileSync(
    file,
    `export const story = (stage) => [{ line: 'echo ' + stage.folder }, ${stays}, ${step}, { line: 'echo what comes next' }]`,
  )
  const demo = startDemo('--story', file)
  expect(await demo.ended).toBe(1)
  expect(demo.printed()).toMatch(message)
  expect(demo.printed()).not.toMatch(/what comes next|Everything was as said/)
  expect(existsSync(demo.folder() ?? '')).toBe(false)
  const [, sleeper] = /^sleep: (\d+)$/m.exec(demo.printed()) ?? []
  expect(Number(sleeper)).toBeGreaterThan(0)
  expect(isAtWork(Number(sleeper), 'sleep')).toBe(false)
})

test('Ctrl-C ends it in the middle, with exit 130, and nothing stays behind', async () => {
  const demo = startDemo()
  await until('a mail server runs', 240, () =>
    /^\$ akctl nodes list\n(.*\n)*.*running/m.test(demo.printed()) ? true : undefined,
  )
  const folder = demo.folder() ?? ''
  expect(processesOf(folder)).not.toEqual([])
  demo.kill('SIGINT')
  expect(await demo.ended).toBe(130)
  expect(existsSync(folder)).toBe(false)
  expect(processesOf(folder)).toEqual([])
}, 300_000)
