import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import { refusalOf } from '../../src/connection/refusal.ts'
import { FailedError, UnauthorizedError } from '../../src/outcome/errors.ts'
import { commandLine } from '../../src/script/program.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'
import { policyFor, targetOf, testScript, TIMEOUTS } from '../support/ssh-target.ts'
import { systemUser, type SystemUser } from '../support/system-user.ts'

/** Text that every shell treats in a way of its own. */
const AWKWARD = `a 'b' "c" \\ $HOME \`id\` !! {x,y} ~ * (z) #`

describe('users of a node', () => {
  const limits = { timeout: 20 }
  let sshd: Sshd
  const users: SystemUser[] = []

  beforeAll(async () => {
    sshd = await startSshd()
  })
  afterAll(async () => {
    for (const user of users) await user.remove()
    await sshd.stop()
  })

  async function user(options: Parameters<typeof systemUser>[0]): Promise<SystemUser> {
    const made = await systemUser(options)
    users.push(made)
    return made
  }

  function hostOf({ name }: SystemUser, sudo = false): SshHost {
    return new SshHost(targetOf(sshd, { user: name, sudo }), policyFor(sshd), TIMEOUTS)
  }

  describe.each([
    ['/bin/sh', []],
    ['/bin/bash', [['.bashrc', 'echo noise; echo more >&2']]],
    ['/usr/bin/tcsh', [['.tcshrc', 'echo noise\nset prompt="x"']]],
    ['/usr/bin/fish', [['.config/fish/config.fish', 'echo noise; echo more >&2']]],
    ['/usr/bin/busybox', []],
  ] as const)('whose login shell is %s', (shell, files) => {
    let host: SshHost
    let made: SystemUser

    beforeAll(async () => {
      if (!existsSync(shell)) throw new Error(`${shell} is missing: apt-get install ${shell.split('/').at(-1) ?? ''}`)
      made = await user({ shell: shell === '/usr/bin/busybox' ? busyboxShell(sshd) : shell })
      // sshd sets HOME to an empty folder of its own; shells look for their files there
      for (const [name, text] of files) {
        mkdirSync(join(sshd.home, name, '..'), { recursive: true })
        writeFileSync(join(sshd.home, name), `${text}\n`)
      }
      host = hostOf(made)
    })
    afterAll(() => host.close())

    test('values, payload and answer pass unharmed', async () => {
      const payload = Buffer.from('\n$!`"\'\0\xff', 'latin1')
      const text = 'f=$(mktemp); payload "$f"; put answer "$(id -un) $1 $(od -An -tx1 <"$f" | tr -d " \\n")"; rm "$f"'
      const answer = await runScript(host, testScript(text, { args: [AWKWARD], payload }), limits)
      expect(answer).toBe(`${made.name} ${AWKWARD} ${payload.toString('hex')}`)
    })

    test('a program of the largest size', async () => {
      const text = `# ${randomBytes(45_000).toString('base64')}\nput answer whole`
      expect(await runScript(host, testScript(text), limits)).toBe('whole')
    })

    test('its exit status and a signal', async () => {
      expect((await host.run('exit 41', limits)).end).toEqual({ kind: 'exit', status: 41 })
      expect((await host.run('kill -TERM $$', limits)).end).toEqual({ kind: 'signal', signal: 'SIGTERM' })
    })
  })

  test.each([
    ['/usr/bin/rbash', /restricted/],
    ['/usr/sbin/nologin', /./],
  ])('whose login shell is %s: refused before the script, with its words', async (shell, words) => {
    const host = hostOf(await user({ shell }))
    const error = await runScript(host, testScript('put answer in', { changes: true }), limits).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(FailedError)
    expect((error as FailedError).message).toContain('before the script began')
    const { stderr, stdout } = await host.run('true', limits)
    expect(stdout + stderr).toMatch(words)
    await host.close()
  })

  test('whose account has expired: refused at login', async () => {
    const { execFileSync } = await import('node:child_process')
    const expired = await user({})
    execFileSync('usermod', ['-e', '1', expired.name])
    await expect(hostOf(expired).run('true', limits)).rejects.toThrow(UnauthorizedError)
  })

  describe('with --sudo', () => {
    test('allowed: the script is root, its payload and values arrive', async () => {
      const allowed = await user({ sudo: 'NOPASSWD: /bin/sh' })
      const host = hostOf(allowed, true)
      const file = join(sshd.directory, 'by-root')
      const script = testScript('payload "$1"; put answer "$(id -u) $SUDO_USER $2"', {
        args: [file, AWKWARD],
        payload: Buffer.from('for root\n'),
      })
      expect(await runScript(host, script, limits)).toBe(`0 ${allowed.name} ${AWKWARD}`)
      expect(readFileSync(file, 'utf8')).toBe('for root\n')
      expect((await host.run('exit 42', limits)).end).toEqual({ kind: 'exit', status: 42 })
      await host.close()
    })

    test.each([
      ['the rule wants a password', 'ALL', /password is required/],
      ['there is no rule', undefined, /password is required|not in the sudoers/],
      ['the rule is for something else', 'NOPASSWD: /bin/true', /./],
    ])('refused when %s: unauthorized, also for a changing order, and nothing was done', async (_, rule, words) => {
      const host = hostOf(await user(rule === undefined ? {} : { sudo: rule }), true)
      const file = join(sshd.directory, 'never')
      const script = testScript('touch "$1"; put answer in', { args: [file], changes: true })
      const error = await runScript(host, script, limits).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UnauthorizedError)
      expect((error as UnauthorizedError).message).toContain('sudo was refused')
      expect((error as UnauthorizedError).detail.join('\n')).toMatch(words)
      expect(existsSync(file)).toBe(false)
      const feed = await host.feed('echo line', {})
      await expect(feed.lines[Symbol.asyncIterator]().next()).rejects.toThrow(UnauthorizedError)
      await host.close()
    })

    test('on a node without it: unauthorized, saying so', async () => {
      const bare = await startSshd({ env: { PATH: '/nowhere' } })
      const host = new SshHost(targetOf(bare, { sudo: true }), policyFor(bare), TIMEOUTS)
      const script = testScript('put answer in', { changes: true })
      const error = await runScript(host, script, limits).catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(UnauthorizedError)
      expect((error as UnauthorizedError).message).toContain('there is no sudo')
      const feed = await host.feed('echo line', {})
      await expect(feed.lines[Symbol.asyncIterator]().next()).rejects.toThrow(/there is no sudo/)
      await host.close()
      await bare.stop()
    })

    test.each(['/bin/sh', '/bin/bash', '/usr/bin/tcsh', '/usr/bin/fish'])('in the words of %s', (shell) => {
      const line = commandLine(gzipSync('true'), { sudo: true })
      const { stderr } = spawnSync(shell, ['-c', line], { env: { PATH: '/nowhere' }, encoding: 'utf8' })
      expect(refusalOf('x', 'script', { kind: 'exit', status: 127 }, stderr).message).toBe('x: there is no sudo')
    })
  })
})

/** busybox as a login shell: a script, as a link named `sh` would have to lie in a folder of the system. */
function busyboxShell(sshd: Sshd): string {
  const file = join(sshd.directory, 'busybox-sh')
  writeFileSync(file, '#!/bin/sh\nexec /usr/bin/busybox sh "$@"\n')
  chmodSync(file, 0o755)
  return file
}
