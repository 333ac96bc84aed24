import { isAbsolute, join, resolve } from 'node:path'
import { checkName, nameProblem } from '../node/names.ts'
import { NotFoundError, StoreError, UsageError } from '../outcome/errors.ts'
import { Folder } from './folder.ts'
import { JsonFile } from './json-file.ts'
import { LocalProfile } from './local-profile.ts'
import { storeTimeout } from './lock.ts'
import type { Profile, ProfileHome, ProfileInfo } from './profile.ts'
import { configSchema } from './schema.ts'
import { NoSecretAccess, type SecretAccess } from './secret-access.ts'

type Env = Readonly<Record<string, string | undefined>>

/** The profile that exists from the start. */
const DEFAULT = 'default'

/**
 * The home of all profiles: `AKCTL_HOME`, else `$XDG_DATA_HOME/akctl`, else `~/.local/share/akctl`. Opens nothing yet.
 * @param access who knows what unlocks secrets; without it they stay locked
 * @throws StoreError when none of the three says where it is; UsageError for an AKCTL_STORE_TIMEOUT that is no number
 */
export function openHome(env: Env, access: SecretAccess = new NoSecretAccess()): ProfileHome {
  return new LocalHome(homeDirectory(env), storeTimeout(env), access)
}

function homeDirectory(env: Env): string {
  const { AKCTL_HOME: own = '', XDG_DATA_HOME: xdg = '', HOME: home = '' } = env
  if (own !== '') return resolve(own)
  // A relative XDG path is to be ignored, says the XDG base directory specification.
  if (isAbsolute(xdg)) return join(xdg, 'akctl')
  if (isAbsolute(home)) return join(home, '.local', 'share', 'akctl')
  throw new StoreError('no place for the store: AKCTL_HOME, XDG_DATA_HOME and HOME are not set', {
    hints: ['set AKCTL_HOME to a directory of your own, such as AKCTL_HOME=/var/lib/akctl'],
  })
}

class LocalHome implements ProfileHome {
  private readonly home: Folder
  private readonly profiles: Folder
  private readonly config: JsonFile<{ readonly schema: 1; readonly profile: string }>

  constructor(
    readonly directory: string,
    timeout: number,
    private readonly access: SecretAccess,
  ) {
    this.home = new Folder(directory, { timeout })
    this.profiles = this.home.child('profiles')
    const loses = 'only which profile is in use'
    this.config = new JsonFile(this.home, 'config.json', configSchema, { schema: 1, profile: DEFAULT }, 'plain', loses)
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a port; a failed read must reject, not throw
  async open(name?: string): Promise<Profile> {
    const inUse = name === undefined || name === ''
    const wanted = inUse ? this.config.read().profile : checkName('profile', name)
    if (!this.exists(wanted)) throw inUse ? this.lost(wanted) : this.missing(wanted)
    return new LocalProfile(wanted, this.folder(wanted), this.access)
  }

  async list(): Promise<readonly ProfileInfo[]> {
    const current = this.config.read().profile
    const found = this.profiles.names('folders').filter((name) => nameProblem('profile', name) === undefined)
    const names = found.includes(DEFAULT) ? found : [DEFAULT, ...found].sort()
    return Promise.all(names.map((name) => this.info(name, current)))
  }

  async create(name: string): Promise<ProfileInfo> {
    checkName('profile', name)
    await this.profiles.exclusive(async (writer) => {
      if (this.exists(name)) throw new UsageError(`there is a profile ${name} already`, { hints: ['akctl profiles list'] })
      await writer.makeFolder(name)
    })
    return this.info(name, this.config.read().profile)
  }

  use(name: string): Promise<void> {
    checkName('profile', name)
    return this.config.update(() => {
      if (!this.exists(name)) throw this.missing(name)
      return { data: { schema: 1, profile: name }, result: undefined }
    })
  }

  async delete(name: string): Promise<void> {
    checkName('profile', name)
    if (name === DEFAULT) throw new UsageError('the profile default always exists and cannot be deleted')
    await this.home.exclusive(async () => {
      if (!this.exists(name)) throw this.missing(name)
      if (this.config.read().profile === name) {
        throw new UsageError(`${name} is the profile in use`, { hints: ['use another one first: akctl profiles use NAME'] })
      }
      await this.profiles.exclusive((writer) => writer.removeFolder(name))
    })
  }

  private folder(name: string): Folder {
    return this.profiles.child(name, name === DEFAULT ? undefined : () => this.missing(name))
  }

  private exists(name: string): boolean {
    return name === DEFAULT || this.profiles.has(name)
  }

  private missing(name: string): NotFoundError {
    return new NotFoundError(`there is no profile ${name} in ${this.directory}`, {
      hints: ['akctl profiles list', `akctl profiles create ${name}`],
    })
  }

  /** The chosen profile's folder was removed by other means. */
  private lost(name: string): NotFoundError {
    return new NotFoundError(`the profile in use, ${name}, is no longer in ${this.directory}`, {
      hints: ['use another one: akctl profiles use default', `or put ${join(this.profiles.path, name)} back from a backup`],
    })
  }

  private async info(name: string, current: string): Promise<ProfileInfo> {
    const profile = new LocalProfile(name, this.folder(name), this.access)
    const { nodes } = await profile.read()
    return {
      name,
      current: name === current,
      nodes: nodes.length,
      directory: profile.directory,
      secrets: profile.secrets.protection(),
    }
  }
}
