import type { Installation } from '../driver.ts'

/**
 * Whether an installation is the system's own Postfix (`/etc/postfix`, or a multi-instance folder beside it): akctl
 * owns parameters of its main.cf there, not files. What holds on the node itself is decided there (functions.sh).
 */
export function isSystem(installation: Pick<Installation, 'directory'>): boolean {
  return /^\/etc\/postfix(-[^/]*)?\/*$/.test(installation.directory)
}
