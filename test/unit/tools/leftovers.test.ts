// What is left of a run of the tests: found by its temporary folder, named, ended; nobody else's.
import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clearAway, processesOf } from '../../../tools/leftovers.mjs'
import { isAtWork } from '../../support/processes.ts'
import { tempDir } from '../../support/temp.ts'
import { until } from '../../support/until.ts'

const started: ChildProcess[] = []
afterAll(() => started.forEach((child) => child.kill('SIGKILL')))

const place = tempDir()
let runs = 0

/** A folder as a run has it. */
function runFolder(): string {
  const folder = join(place, `run-${String(++runs)}`)
  mkdirSync(folder)
  return folder
}

/** A process without an environment, in its own session, as a daemon. */
async function daemon(words: readonly string[], options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {}) {
  const [program = '', ...rest] = words
  const child = spawn(program, rest, { cwd: '/', env: {}, detached: true, stdio: 'ignore', ...options })
  started.push(child)
  const pid = child.pid ?? 0
  await until('it is at work', 10, () => isAtWork(pid, 'sleep') || isAtWork(pid, 'tail') || undefined)
  return pid
}

describe('processes of a run', () => {
  test.each([
    ['its command line', (folder: string) => daemon(['/usr/bin/tail', '-F', join(folder, 'log')])],
    ['its environment', (folder: string) => daemon(['/bin/sleep', '600'], { env: { TMPDIR: folder } })],
    ['its directory', (folder: string) => daemon(['/bin/sleep', '600'], { cwd: folder })],
  ])('are known by %s, are named and ended, and the folder goes', async (_what, start) => {
    const folder = runFolder()
    const pid = await start(folder)
    const [found] = processesOf(folder)
    expect(found).toEqual({ pid, command: expect.stringMatching(/^\/(usr\/)?bin\/\w+ /) as string })
    expect(await clearAway(folder, 0)).toEqual([`the tests left process ${pid} behind: ${found?.command ?? ''}`])
    await until('it has ended', 10, () => processesOf(folder).length === 0 || undefined)
    expect(existsSync(folder)).toBe(false)
  })

  test('of another run are let alone', async () => {
    const [mine, other] = [runFolder(), runFolder()]
    const pid = await daemon(['/bin/sleep', '600'], { env: { TMPDIR: other } })
    expect(await clearAway(mine, 0)).toEqual([])
    expect(processesOf(other).map((found) => found.pid)).toEqual([pid])
  })

  test('may take a moment for their end', async () => {
    const folder = runFolder()
    await daemon(['/bin/sleep', '0.5'], { cwd: folder })
    expect(await clearAway(folder, 20)).toEqual([])
  })
})

test('a folder in which something is still mounted stays, and is named', async () => {
  const folder = runFolder()
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', disk])
  try {
    writeFileSync(join(disk, 'precious'), '')
    expect(await clearAway(folder, 0)).toEqual([`the tests left ${disk} mounted`])
    expect(existsSync(join(disk, 'precious'))).toBe(true)
  } finally {
    execFileSync('umount', [disk])
  }
})
