import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from './until.ts'

/** What a machine of its own does not need and what would slow its start; systemd-logind must stay: poweroff wants it. */
const MASKED = [
  ...[
    'apt-daily.timer',
    'apt-daily-upgrade.timer',
    'dpkg-db-backup.timer',
    'e2scrub_all.timer',
    'fstrim.timer',
    'man-db.timer',
    'e2scrub_reap.service',
  ],
  ...[
    'systemd-timesyncd.service',
    'systemd-pstore.service',
    'systemd-journal-flush.service',
    'systemd-udevd.service',
    'systemd-udev-trigger.service',
  ],
  ...[
    'getty@.service',
    'console-getty.service',
    'ssh.service',
    'postfix.service',
    'postgresql.service',
    'rabbitmq-server.service',
  ],
]

/** What a command inside the machine gave back. */
export interface InsideResult {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * A booted systemd: this machine's file system with a throw-away layer on top, a network namespace of its own
 * (loopback only), and systemd as pid 1.
 */
export class Nspawn {
  private constructor(
    private readonly folder: string,
    private readonly name: string,
    private readonly process: ChildProcess,
    private readonly init: number,
  ) {}

  /** The machine's root folder, seen from outside. */
  get root(): string {
    return join(this.folder, 'root')
  }

  /**
   * Boots; needs root and systemd-nspawn.
   * @param bind a folder of this machine and where it is to be seen inside: /tmp is another one there
   * @throws Error when systemd is not up within 90 s
   */
  static async boot(bind: { readonly from: string; readonly to: string }): Promise<Nspawn> {
    const folder = mkdtempSync(join(tmpdir(), 'akctl-nspawn-'))
    const name = `akctl-${process.pid}`
    const root = join(folder, 'root')
    const layer = join(folder, 'layer')
    for (const part of [root, layer]) mkdirSync(part)
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', layer])
    for (const part of ['upper', 'work']) mkdirSync(join(layer, part))
    execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=/,upperdir=${layer}/upper,workdir=${layer}/work`, root])
    execFileSync('ip', ['netns', 'add', name])
    execFileSync('ip', ['netns', 'exec', name, 'ip', 'link', 'set', 'lo', 'up'])
    spawnSync('systemctl', [`--root=${root}`, 'mask', ...MASKED])
    const args = [
      '--quiet',
      '--register=no',
      '--keep-unit',
      `--network-namespace-path=/run/netns/${name}`,
      '-D',
      root,
      `--machine=${name}`,
      `--bind-ro=${bind.from}:${bind.to}`,
      '-b',
    ]
    const child = spawn('systemd-nspawn', args, { stdio: 'ignore' })
    // nspawn's first child of all is only the one that makes pid 1: it is looked for anew each time.
    const isUp = (): Nspawn | undefined => {
      const machine = new Nspawn(folder, name, child, childOf(child.pid) ?? 0)
      return machine.run(['systemctl', 'is-system-running']).stdout.trim() === 'running' ? machine : undefined
    }
    try {
      return await until('systemd is running', 90, isUp)
    } catch (error) {
      child.kill('SIGKILL')
      cleanUp(folder, name)
      throw error
    }
  }

  /** Runs a command inside, with this process's environment less what a fresh login would not have. */
  run(command: readonly string[], env: Readonly<Record<string, string>> = {}): InsideResult {
    const { status, stdout, stderr } = spawnSync(
      'nsenter',
      ['-a', '-t', String(this.init), `--root=/proc/${this.init}/root`, '--wd=/', ...command],
      {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], HOME: '/root', LANG: 'C.UTF-8', ...env },
      },
    )
    return { status, stdout, stderr }
  }

  /** Ends the machine and removes every trace of it. */
  async stop(): Promise<void> {
    this.run(['systemctl', 'poweroff', '--force'])
    const ended = new Promise((resolve) => this.process.once('close', resolve))
    const timer = setTimeout(() => this.process.kill('SIGKILL'), 20_000)
    if (this.process.exitCode === null && this.process.signalCode === null) await ended
    clearTimeout(timer)
    cleanUp(this.folder, this.name)
  }
}

function cleanUp(folder: string, name: string): void {
  for (const part of ['root', 'layer']) spawnSync('umount', ['-l', join(folder, part)])
  spawnSync('ip', ['netns', 'delete', name])
  rmSync(folder, { recursive: true, force: true })
}

/** The first child of a process: that of an nspawn whose machine is up is pid 1 there. */
function childOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined
  try {
    const first = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]
    return first ? Number(first) : undefined
  } catch {
    return undefined
  }
}
