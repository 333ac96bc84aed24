// `npm run demo` without its installation: it checks itself; here is checked that it ends well, and that nothing stays.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../support/documents.ts'
import { until } from '../support/until.ts'

interface Demo {
  readonly printed: () => string
  /** The demo's temporary folder, once it has been shown. */
  readonly folder: () => string | undefined
  readonly kill: (signal: NodeJS.Signals) => void
  readonly ended: Promise<number | null>
}

function startDemo(): Demo {
  const child = spawn(process.execPath, [join(ROOT, 'tools/demo.mjs')], { stdio: ['ignore', 'pipe', 'pipe'] })
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

test('everything is as said, and nothing stays behind', async () => {
  const demo = startDemo()
  const status = await demo.ended
  expect({ status, end: demo.printed().split('\n').slice(-4) }).toEqual({
    status: 0,
    end: expect.arrayContaining([expect.stringMatching(/^Everything was as said/)]) as string[],
  })
  expect(existsSync(demo.folder() ?? '')).toBe(false)
  expect(processesOf(demo.folder() ?? '')).toEqual([])
}, 600_000)

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
