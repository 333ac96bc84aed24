import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { LINE_LIMIT } from '../../src/connection/lines.ts'
import { LocalHost } from '../../src/connection/local/local-host.ts'
import { CancelledError } from '../../src/outcome/errors.ts'
import { tempDir } from '../support/temp.ts'

const folder = tempDir()
const host = new LocalHost('here', false)

async function feed(program: string): Promise<readonly string[]> {
  const fed = await host.feed(program, {})
  const seen: string[] = []
  for await (const line of fed.lines) seen.push(line)
  await fed.close()
  return seen
}

test('a feed gives lines as they are, of Windows and without an end as well', async () => {
  expect(await feed("printf 'a\\r\\nb\\n\\nlast'")).toEqual(['a', 'b', '', 'last'])
})

test('an endless line is cut off, and the next one comes', async () => {
  const lines = await feed("head -c 30000000 /dev/zero | tr '\\0' x; echo; echo next")
  expect(lines.map(({ length }) => length)).toEqual([LINE_LIMIT, 4])
})

test('what goes to stderr is dropped, and holds nothing up', async () => {
  expect(await feed('head -c 3000000 /dev/zero >&2; echo done')).toEqual(['done'])
})

test('a reader that goes away ends the program, and one that was reading is told of the end', async () => {
  const fed = await host.feed('echo $$; cat; echo over', {})
  const iterator = fed.lines[Symbol.asyncIterator]()
  const pid = Number((await iterator.next()).value)
  const waiting = iterator.next()
  await fed.close()
  expect((await waiting).done).toBe(true)
  expect(() => process.kill(pid, 0)).toThrow(/ESRCH/)
})

test('what was cancelled before it began is not begun', async () => {
  const file = join(folder, 'made')
  const signal = AbortSignal.abort()
  await expect(host.run(`: >'${file}'`, { timeout: 5, signal })).rejects.toThrow(CancelledError)
  await expect(host.feed(`: >'${file}'`, { signal })).rejects.toThrow(CancelledError)
  expect(existsSync(file)).toBe(false)
})
