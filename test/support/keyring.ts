import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { tempDir } from './temp.ts'
import { until } from './until.ts'

/** A bus that starts nothing by itself: what is not on it is not there, the prompter of a desktop included. */
const busConfig = (socket: string): string => `<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <policy context="default"><allow send_destination="*"/><allow receive_sender="*"/><allow own="*"/></policy>
</busconfig>
`

/** A gnome-keyring of its own on a bus of its own. */
export class TestKeyring {
  /** Of whoever is to reach it. */
  readonly env: Readonly<Record<string, string>>
  private readonly folder = tempDir('akctl-keyring-')
  private bus: ChildProcess | undefined
  private daemon: ChildProcess | undefined

  constructor() {
    this.env = { DBUS_SESSION_BUS_ADDRESS: `unix:path=${join(this.folder, 'bus')}` }
  }

  async start(): Promise<void> {
    mkdirSync(join(this.folder, 'data'))
    const config = join(this.folder, 'bus.conf')
    writeFileSync(config, busConfig(join(this.folder, 'bus')))
    this.bus = spawn('dbus-daemon', ['--nofork', `--config-file=${config}`], { stdio: 'ignore' })
    await this.serve('unlocked')
  }

  /** Serves what it has, as after a login, or as where nobody has logged in at the desktop. */
  async serve(state: 'unlocked' | 'locked'): Promise<void> {
    await end(this.daemon)
    const unlock = state === 'unlocked' ? ['--unlock'] : []
    const args = ['--foreground', '--components=secrets', `--control-directory=${join(this.folder, 'control')}`, ...unlock]
    const daemon = spawn('gnome-keyring-daemon', args, { env: this.own(), stdio: ['pipe', 'ignore', 'ignore'] })
    daemon.stdin.end('the password of the login')
    this.daemon = daemon
    await until('the keyring answers', 20, () => this.ask('search', 'nobody', 'has this').status === 0 || undefined)
  }

  /** What it holds of akctl, by entry. */
  keys(entries: readonly string[]): readonly string[] {
    return entries.map((entry) => this.ask('lookup', 'application', 'akctl', 'entry', entry).stdout)
  }

  /** The labels of all it holds of akctl. */
  labels(): readonly string[] {
    const { stdout } = this.ask('search', '--all', 'application', 'akctl')
    return [...stdout.matchAll(/^label = (.*)$/gm)].map(([, label = '']) => label)
  }

  forget(entry: string): void {
    execFileSync('secret-tool', ['clear', 'application', 'akctl', 'entry', entry], { env: this.own() })
  }

  async stop(): Promise<void> {
    await end(this.daemon)
    await end(this.bus)
  }

  private ask(...args: readonly string[]): { readonly status: number | null; readonly stdout: string } {
    return spawnSync('secret-tool', args, { env: this.own(), encoding: 'utf8', timeout: 20_000 })
  }

  private own(): NodeJS.ProcessEnv {
    return { PATH: process.env['PATH'], HOME: this.folder, XDG_DATA_HOME: join(this.folder, 'data'), ...this.env }
  }
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}
