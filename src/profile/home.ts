import { StoreError } from '../outcome/errors.ts'
import type { ProfileHome } from './profile.ts'

/** The home of all profiles: `AKCTL_HOME`, else `$XDG_DATA_HOME/akctl`, else `~/.local/share/akctl`. Opens nothing yet. */
export function openHome(env: Readonly<Record<string, string | undefined>>): ProfileHome {
  throw new StoreError(`no store yet in ${env['AKCTL_HOME'] ?? ''}`)
}
