import { existsSync, readFileSync, writeFileSync, appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { LINE_LIMIT } from '../../src/connection/lines.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import { CancelledError, FailedError, UnreachableError } from '../../src/outcome/errors.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { policyOf, targetOf, TIMEOUTS, trusted } from '../support/ssh-target.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

/** A program that follows a file and ends when its stdin ends, as the feeds of drivers do. */
const FOLLOW = 'tail -n +1 -f "$FILE" & tail=$!; echo "$$ $tail" >"$FILE.pids"; cat >/dev/null; kill "$tail"; wait 2>/dev/null'

describe('a feed over SSH', () => {
  const directory = tempDir()
  let sshd: Sshd
  let proxy: TcpProxy
  let host: SshHost
  let file: string
  let count = 0

  beforeAll(async () => {
    sshd = await startSshd()
    proxy = await startProxy(sshd.port)
  })
  beforeEach(() => {
    const { fingerprint } = sshd.hostKey()
    const policy = policyOf([trusted(`127.0.0.1:${proxy.port}`, fingerprint, 'ssh-ed25519')])
    host = new SshHost({ ...targetOf(sshd), port: proxy.port }, policy, TIMEOUTS)
    file = join(directory, String((count += 1)))
    writeFileSync(file, 'one\ntwo\n')
  })
  afterEach(() => host.close())
  afterAll(async () => {
    await proxy.stop()
    await sshd.stop()
  })

  const follow = (signal?: AbortSignal) => host.feed(`FILE=${file}\n${FOLLOW}`, signal === undefined ? {} : { signal })

  async function take(lines: AsyncIterator<string>, wanted: number): Promise<string[]> {
    const taken: string[] = []
    while (taken.length < wanted) taken.push(String((await lines.next()).value))
    return taken
  }

  async function collect(lines: AsyncIterable<string>): Promise<string[]> {
    const all: string[] = []
    for await (const line of lines) all.push(line)
    return all
  }

  /** Waits until the follower and its tail are gone. */
  async function expectNothingLeft(): Promise<void> {
    const pids = readFileSync(`${file}.pids`, 'utf8').trim().split(' ')
    expect(pids).toHaveLength(2)
    await until('the follower is gone', 10, () => pids.every((pid) => !existsSync(`/proc/${pid}`)) || undefined)
  }

  test('gives lines as they are written, and close leaves no process behind', async () => {
    const feed = await follow()
    const lines = feed.lines[Symbol.asyncIterator]()
    expect(await take(lines, 2)).toEqual(['one', 'two'])
    appendFileSync(file, 'thr')
    appendFileSync(file, 'ee – dreißig\n')
    expect(await take(lines, 1)).toEqual(['three – dreißig'])
    await feed.close()
    expect((await lines.next()).done).toBe(true)
    await expectNothingLeft()
  })

  test('close without having read anything, though the program prints more than fits', async () => {
    writeFileSync(file, `${'x'.repeat(99)}\n`.repeat(200_000))
    const before = proxy.received
    const feed = await follow()
    await until('it waits for room', 10, () => (proxy.received - before > 1_500_000 && existsSync(`${file}.pids`)) || undefined)
    const began = Date.now()
    await feed.close()
    expect(Date.now() - began).toBeLessThan(3000) // it ended by itself, its output read and dropped
    await expectNothingLeft()
  })

  test('a program that does not end with its input is left alone after three seconds, its channel closed', async () => {
    const feed = await host.feed(`echo $$ >${file}.pid; trap '' HUP PIPE TERM; while :; do echo x; sleep 0.2; done`, {})
    await until('it runs', 10, () => existsSync(`${file}.pid`) || undefined)
    const began = Date.now()
    await feed.close()
    expect(Date.now() - began).toBeGreaterThanOrEqual(2900)
    expect(Date.now() - began).toBeLessThan(12_000)
    process.kill(Number(readFileSync(`${file}.pid`, 'utf8')), 'SIGKILL')
  })

  test('a program that ends by itself ends the lines, a last line without an end included', async () => {
    const feed = await host.feed("printf 'a\\r\\nb\\n\\nlast'", {})
    expect(await collect(feed.lines)).toEqual(['a', 'b', '', 'last'])
    await feed.close()
  })

  test('a slow reader gets every line of 5 MB', async () => {
    const feed = await host.feed('seq 1 700000', {})
    let seen = 0
    for await (const line of feed.lines) {
      seen += 1
      if (seen % 200_000 === 0) await new Promise((resolve) => setTimeout(resolve, 20))
      if (line !== String(seen)) throw new Error(`line ${seen} is ${line}`)
    }
    expect(seen).toBe(700_000)
    await feed.close()
  })

  test('a line without end is cut off and fills no memory', async () => {
    const feed = await host.feed("head -c 30000000 /dev/zero | tr '\\0' x; echo; echo next", {})
    const lines = await collect(feed.lines)
    expect(lines.map(({ length }) => length)).toEqual([LINE_LIMIT, 4])
    await feed.close()
  })

  test('aborting ends the program, and the lines without an error', async () => {
    const controller = new AbortController()
    const feed = await follow(controller.signal)
    const lines = feed.lines[Symbol.asyncIterator]()
    await take(lines, 2)
    controller.abort()
    expect((await lines.next()).done).toBe(true)
    await feed.close()
    await expectNothingLeft()
    await expect(follow(AbortSignal.abort())).rejects.toThrow(CancelledError)
  })

  test.each([
    ['while it is read', 0],
    ['with more waiting than fits', 3_000_000],
  ])('a link that is cut %s is an error, not the end of the log', async (_, backlog) => {
    writeFileSync(file, `one\n${'x'.repeat(backlog)}\n`)
    const feed = await follow()
    const lines = feed.lines[Symbol.asyncIterator]()
    expect(await take(lines, 1)).toEqual(['one'])
    await until('it follows', 10, () => existsSync(`${file}.pids`) || undefined)
    proxy.cut()
    await expect(take(lines, 10)).rejects.toThrow(UnreachableError)
    await feed.close()
    await expectNothingLeft()
  })

  test('a program that never began is an error with the last words of its stderr', async () => {
    const refusing = await startSshd({ config: ['ForceCommand echo "no shell here" >&2; exit 9'] })
    const policy = policyOf([trusted(refusing.endpoint, refusing.hostKey().fingerprint)])
    const other = new SshHost(targetOf(refusing), policy, TIMEOUTS)
    const feed = await other.feed('echo never', {})
    const error = await collect(feed.lines).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FailedError)
    expect(error).toMatchObject({ detail: ['no shell here'] })
    expect((error as Error).message).toContain('the login shell ended with status 9 before the program began')
    await feed.close()
    await other.close()
    await refusing.stop()
  })
})
