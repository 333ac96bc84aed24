import { readFileSync } from 'node:fs'

/** A user of this machine, by numbers. */
export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Looks a user up in /etc/passwd; undefined when there is none. */
export function findUser(name: string): User | undefined {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${name}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  if (uid === undefined || gid === undefined || !/^\d+$/.test(uid) || !/^\d+$/.test(gid)) return undefined
  return { name, uid: Number(uid), gid: Number(gid) }
}

/** True for a process with root's rights. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0
}

/**
 * Becomes a user for good: no supplementary groups, and (leaving uid 0) no capabilities.
 * @throws Error when afterwards anything of root's is left
 */
export function become(user: User): void {
  process.setgroups?.([])
  process.setgid?.(user.gid)
  process.setuid?.(user.uid)
  const groups = (process.getgroups?.() ?? []).filter((group) => group !== user.gid)
  const ids = [process.getuid?.(), process.geteuid?.(), process.getgid?.(), process.getegid?.()]
  const capabilities = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  if (ids.join() !== [user.uid, user.uid, user.gid, user.gid].join() || groups.length > 0 || !/^0+$/.test(capabilities)) {
    throw new Error(`could not become ${user.name}: ids ${ids.join()}, groups ${groups.join()}, capabilities ${capabilities}`)
  }
}
