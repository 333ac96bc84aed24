import { readFileSync } from 'node:fs'

/** A user of this machine, by numbers. */
export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
}

/** Numbers that neither distributions nor systemd give to anybody (systemd's UIDS-GIDS document). */
const SPARE = { first: 65_520, last: 65_533 }

/** Looks a user up in /etc/passwd; undefined when there is none. */
export function findUser(name: string): User | undefined {
  const [, , uid = '', gid = ''] = linesOf('/etc/passwd').find(([known]) => known === name) ?? []
  return /^\d+$/.test(uid) && /^\d+$/.test(gid) ? { name, uid: Number(uid), gid: Number(gid) } : undefined
}

/** A user that has no account, and so no program and no file; undefined when every spare number is taken. */
export function spareUser(): User | undefined {
  const taken = new Set(['/etc/passwd', '/etc/group'].flatMap(linesOf).map(([, , number]) => Number(number)))
  for (let id = SPARE.first; id <= SPARE.last; id += 1) if (!taken.has(id)) return { name: String(id), uid: id, gid: id }
  return undefined
}

function linesOf(file: string): readonly (readonly string[])[] {
  const lines = readFileSync(file, 'utf8').split('\n')
  return lines.map((line) => line.split(':'))
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
