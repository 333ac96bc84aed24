import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { until } from './until.ts'

/** A system user of its own, and a rule of sudo for it where asked. */
export interface SystemUser {
  readonly name: string
  readonly home: string
  remove(): Promise<void>
}

/** Users of test runs that were killed carry the number of a process that is gone. */
const PREFIX = 'aktest'

/**
 * Makes a user that sshd lets in by key alone (its password is `*`: none fits). Needs root.
 * @param options.shell its login shell, `/bin/sh` when not given
 * @param options.sudo a rule for sudoers: `NOPASSWD: ALL`
 */
export async function systemUser(options: { readonly shell?: string; readonly sudo?: string } = {}): Promise<SystemUser> {
  const name = `${PREFIX}-${process.pid}-${Math.random().toString(36).slice(2, 6)}`
  const home = `/var/lib/${name}`
  await removeStrays()
  mkdirSync(home)
  await retried('useradd', ['-M', '-d', home, '-s', options.shell ?? '/bin/sh', '-p', '*', name])
  execFileSync('chown', [`${name}:`, home])
  const rule = `/etc/sudoers.d/${name}`
  if (options.sudo !== undefined) {
    writeFileSync(rule, `${name} ALL=(ALL:ALL) ${options.sudo}\n`)
    chmodSync(rule, 0o440)
  }
  return { name, home, remove: () => remove(name) }
}

async function remove(name: string): Promise<void> {
  rmSync(`/etc/sudoers.d/${name}`, { force: true })
  await retried('userdel', ['-f', name])
  rmSync(`/var/lib/${name}`, { recursive: true, force: true })
}

async function removeStrays(): Promise<void> {
  for (const [, name, pid] of readFileSync('/etc/passwd', 'utf8').matchAll(new RegExp(`^(${PREFIX}-(\\d+)-\\w+):`, 'gm'))) {
    if (name !== undefined && !existsSync(`/proc/${pid ?? ''}`)) await remove(name)
  }
}

/** useradd and userdel refuse while another one of them holds /etc/passwd's lock. */
async function retried(command: string, args: readonly string[]): Promise<void> {
  await until(`${command} ${args.at(-1) ?? ''}`, 20, () => {
    execFileSync(command, args, { stdio: 'pipe' })
    return true
  })
}
