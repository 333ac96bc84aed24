import { getEventListeners } from 'node:events'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import { CancelledError, FailedError, UnauthorizedError, UnknownOutcomeError } from '../../src/outcome/errors.ts'
import { programOf } from '../../src/script/program.ts'
import { ANSWER_LIMIT } from '../../src/script/script.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { policyFor, targetOf, testScript, TIMEOUTS } from '../support/ssh-target.ts'
import { tempDir } from '../support/temp.ts'
import { until } from '../support/until.ts'

describe('programs behind SSH', () => {
  const directory = tempDir()
  const limits = { timeout: 20 }
  let sshd: Sshd
  let host: SshHost

  beforeAll(async () => {
    sshd = await startSshd()
    host = new SshHost(targetOf(sshd), policyFor(sshd), TIMEOUTS)
  })
  afterAll(async () => {
    await host.close()
    await sshd.end()
  })

  function alive(pidFile: string): boolean {
    return existsSync(`/proc/${readFileSync(pidFile, 'utf8').trim()}`)
  }

  test('nothing is connected before the first run; then one connection serves all runs, at the same time too', async () => {
    const own = await startSshd()
    const lazy = new SshHost(targetOf(own), policyFor(own), TIMEOUTS)
    expect(own.log()).not.toContain('Connection from')
    const answers = ['a', 'b', 'c'].map((word) => runScript(lazy, testScript('put answer "$1"', { args: [word] }), limits))
    expect(await Promise.all(answers)).toEqual(['a', 'b', 'c'])
    expect(await runScript(lazy, testScript('put answer d'), limits)).toBe('d')
    expect(own.log().match(/Connection from/g)).toHaveLength(1)
    await lazy.close()
    await own.idle()
    await own.stop()
  })

  test('many hosts may share one signal, and it ends the work of all', async () => {
    const controller = new AbortController()
    const many = Array.from({ length: 12 }, () => new SshHost(targetOf(sshd), policyFor(sshd), TIMEOUTS))
    const options = { ...limits, signal: controller.signal }
    await Promise.all(many.map((one) => one.run('true', options)))
    const begun = (index: number): string => join(directory, `shared-${index}`)
    const running = many.map((one, index) => one.run(`echo >${begun(index)}; sleep 30`, options))
    await until('all have begun', 15, () => many.every((_, index) => existsSync(begun(index))) || undefined)
    // more than ten listeners on one signal make Node print a warning
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    controller.abort()
    for (const { end } of await Promise.all(running)) expect(end).toEqual({ kind: 'cut', why: 'cancelled' })
    await Promise.all(many.map((one) => one.close()))
  })

  test('values, payload and exit status arrive exactly', async () => {
    const payload = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256))
    const target = join(directory, 'payload')
    const script = testScript('payload "$1"; put answer "$2"', { args: [target, `a 'b' "c" \\ $d\n!e`], payload })
    expect(await runScript(host, script, limits)).toBe(`a 'b' "c" \\ $d !e`)
    expect(readFileSync(target).equals(payload)).toBe(true)
    expect((await host.run('exit 37', limits)).end).toEqual({ kind: 'exit', status: 37 })
  })

  test('a program of the largest size that is allowed is run whole', async () => {
    const text = `${'# a comment of no consequence at all\n'.repeat(1600)}put answer whole`
    expect(await runScript(host, testScript(text), limits)).toBe('whole')
  })

  test('a program that ends before it has read its payload', async () => {
    const result = await host.run('exit 3', { ...limits, payload: Buffer.alloc(5_000_000) })
    expect(result.end).toEqual({ kind: 'exit', status: 3 })
  })

  test('a program that a signal kills: the signal, and for a changing order the outcome is unknown', async () => {
    expect((await host.run('kill -TERM $$', limits)).end).toEqual({ kind: 'signal', signal: 'SIGTERM' })
    const killed = testScript('kill -KILL $$', { changes: true })
    await expect(runScript(host, killed, limits)).rejects.toThrow(UnknownOutcomeError)
    await expect(runScript(host, { ...killed, changes: false }, limits)).rejects.toThrow('killed by SIGKILL')
  })

  test('10 MB of output: all of it is read, 1 MiB of it is kept', async () => {
    const done = join(directory, 'done')
    const before = process.memoryUsage().rss
    const { end, overflow, stdout } = await host.run(`head -c 10000000 /dev/zero | tr '\\0' x; echo yes >${done}`, limits)
    expect(end).toEqual({ kind: 'exit', status: 0 })
    expect(overflow).toBe(true)
    expect(stdout).toHaveLength(ANSWER_LIMIT)
    expect(readFileSync(done, 'utf8')).toBe('yes\n')
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024)
  })

  test('10 MB of stderr do not stop a program either', async () => {
    const { end, stderr, stdout } = await host.run(`head -c 10000000 /dev/zero | tr '\\0' x >&2; echo after`, limits)
    expect(end).toEqual({ kind: 'exit', status: 0 })
    expect(stdout).toBe('after\n')
    expect(stderr).toHaveLength(64 * 1024)
  })

  test('an answer over the limit is an error that says so', async () => {
    const script = testScript(`head -c 2000000 /dev/zero | tr '\\0' x`)
    await expect(runScript(host, script, limits)).rejects.toThrow('over the limit')
  })

  test('noise of the login shell before and after the answer, and a banner of sshd, are passed over', async () => {
    const noisy = await startSshd({ config: ['Banner /etc/services'] })
    const files = { '.bashrc': 'echo "Welcome!"; echo "careful" >&2; printf "\\033[2J"; trap "echo bye" EXIT' }
    const { writeFileSync } = await import('node:fs')
    for (const [name, text] of Object.entries(files)) writeFileSync(join(noisy.home, name), `${text}\n`)
    const loud = new SshHost(targetOf(noisy), policyFor(noisy), TIMEOUTS)
    expect((await loud.run('true', limits)).stdout).toContain('Welcome!')
    expect(await runScript(loud, testScript('put answer quiet'), limits)).toBe('quiet')
    await loud.close()
    await noisy.stop()
  })

  test('control sequences in a failing script stay data: they are in the detail, and nowhere interpreted', async () => {
    const script = testScript(
      `printf 'sh: \\033]0;owned\\007\\033[2J evil\\n' >&2; put detail x; fail failed "$(printf 'a\\033[31mb')"`,
    )
    const error = await runScript(host, script, limits).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FailedError)
    expect((error as FailedError).message).toContain('a\u001b[31mb')
  })

  test('PATH has the system folders of commands, although the login session lacks them', async () => {
    expect((await host.run('echo $PATH', limits)).stdout).not.toContain('sbin')
    expect(await runScript(host, testScript('put answer "$(command -v useradd)"'), limits)).toMatch(/sbin\/useradd$/)
  })

  test('a daemon that keeps the channel open does not keep the run', async () => {
    const pid = join(directory, 'daemon')
    const began = Date.now()
    const { end, stdout } = await host.run(`sleep 60 & echo $! >${pid}; echo started`, limits)
    expect(end).toEqual({ kind: 'exit', status: 0 })
    expect(stdout).toBe('started\n')
    expect(Date.now() - began).toBeLessThan(10_000)
    expect(alive(pid)).toBe(true)
    process.kill(Number(readFileSync(pid, 'utf8')))
  })

  test('a run that takes too long is a timeout; the next one connects anew, as the link may be dead', async () => {
    const before = sshd.log().split('Connection from').length
    const own = new SshHost(targetOf(sshd), policyFor(sshd), TIMEOUTS)
    expect((await own.run('sleep 30', { timeout: 3 })).end).toEqual({ kind: 'timeout', seconds: 3 })
    const changing = testScript('sleep 30', { changes: true })
    await expect(runScript(own, changing, { timeout: 3 })).rejects.toThrow(UnknownOutcomeError)
    expect(await runScript(own, testScript('put answer back'), limits)).toBe('back')
    expect(sshd.log().split('Connection from').length - before).toBe(3)
    await own.close()
  })

  test('a run that is cancelled: before it starts nothing runs; after that its end is not known', async () => {
    const marker = join(directory, 'ran')
    await expect(host.run(`touch ${marker}`, { ...limits, signal: AbortSignal.abort() })).rejects.toThrow(CancelledError)
    const controller = new AbortController()
    const running = host.run(`touch ${marker}.2; sleep 30`, { ...limits, signal: controller.signal })
    await until('the program has begun', 10, () => existsSync(`${marker}.2`) || undefined)
    controller.abort()
    expect((await running).end).toEqual({ kind: 'cut', why: 'cancelled' })
    expect(existsSync(marker)).toBe(false)
    expect((await host.run('true', limits)).end).toEqual({ kind: 'exit', status: 0 })
  })

  test.each([
    ['MaxSessions 0', UnauthorizedError, /starts no program: .*open failed/],
    ['ForceCommand /bin/echo only this', FailedError, /ended with status 0 before the script began/],
  ])('a server that starts no programs of ours: %s', async (line, kind, message) => {
    const strict = await startSshd({ config: [line] })
    const own = new SshHost(targetOf(strict), policyFor(strict), TIMEOUTS)
    const error = await runScript(own, testScript('put answer x', { changes: true }), limits).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(kind)
    expect((error as Error).message).toMatch(message)
    await own.close()
    await strict.stop()
  })

  test('a server without gzip: what to install is said', async () => {
    symlinkSync('/usr/bin/base64', join(directory, 'base64'))
    const bare = await startSshd({ env: { PATH: directory } })
    const own = new SshHost(targetOf(bare), policyFor(bare), TIMEOUTS)
    const error = await runScript(own, testScript('put answer x'), limits).catch((reason: unknown) => reason)
    expect(error).toMatchObject({ hints: ['install gzip on the node: scripts come packed'] })
    await own.close()
    await bare.stop()
  })

  test('a program whose text is too long is never sent', () => {
    expect(() => programOf({ text: ['x'.repeat(100_000)], args: [] })).toThrow(RangeError)
  })
})
