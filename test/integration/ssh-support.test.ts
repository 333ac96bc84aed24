import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { startSshd, type Sshd } from '../support/sshd.ts'

describe('the private sshd of the tests', () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd({ hostKeys: ['ed25519', 'rsa'] })
  })
  afterAll(() => sshd.stop())

  function ssh(command: string): string {
    const options = ['StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'IdentitiesOnly=yes', 'LogLevel=ERROR']
    const flags = options.flatMap((option) => ['-o', option])
    const where = ['-p', String(sshd.port), '-i', sshd.key.file, `${sshd.user}@${sshd.host}`]
    return execFileSync('ssh', ['-F', 'none', ...flags, ...where, command], { encoding: 'utf8' })
  }

  test('lets its key in, with an empty HOME and a PATH without sbin, and logs the attempt', async () => {
    expect(ssh('echo "$HOME $PATH"')).toBe(`${sshd.home} /usr/local/bin:/usr/bin:/bin\n`)
    expect(await sshd.authAttempts()).not.toEqual([])
    expect(sshd.hostKey('rsa').publicLine).toMatch(/^ssh-rsa /)
  })

  test('leaves nothing behind', async () => {
    const other = await startSshd()
    await other.stop()
    expect(existsSync(other.directory)).toBe(false)
    expect(existsSync(`/proc/${other.pid}`)).toBe(false)
  })
})
