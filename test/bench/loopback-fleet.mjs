// Hundreds of SSH hosts that are one sshd: in a network namespace of its own every 127.1.A.B reaches it. Either one running
// Postfix, put there by akctl itself, is every host's, or each has a stopped one of its own. Needs root.
import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { address } from './address.mjs'
import { benchEnv } from './measure.mjs'
import { seedNodes, statusCommand } from './seed.mjs'

export const PORT = 22022

export class LoopbackFleet {
  /** @param {{ own?: boolean }} options own: a Postfix for each host */
  constructor(bin, count, { own = false } = {}) {
    this.bin = bin
    this.own = own
    this.count = count
    this.folder = mkdtempSync(join(tmpdir(), 'akctl-bench-fleet-'))
    chmodSync(this.folder, 0o755)
    this.env = benchEnv({ AKCTL_HOME: this.#at('profile') })
  }

  /** sshd, a Postfix installation, and a profile with all hosts as nodes. */
  async up() {
    this.akctl('keys', 'create', 'bench')
    const [key] = execFileSync('find', [this.#at('profile'), '-name', '*.pub', '-o', '-name', 'bench'], {
      encoding: 'utf8',
    }).split('\n')
    writeFileSync(this.#at('authorized_keys'), execFileSync('ssh-keygen', ['-y', '-f', key.replace(/\.pub$/, '')]), {
      mode: 0o600,
    })
    await this.#startSshd()
    await seedNodes(
      this.env.AKCTL_HOME,
      Array.from({ length: this.count }, (_, index) => ({
        name: `mx${index + 1}`,
        host: address(index),
        port: PORT,
        user: 'root',
        key: 'bench',
        directory: this.#at(this.own ? `mta${index + 1}` : 'mta'),
      })),
    )
    this.akctl('trust', 'add', '--from-known-hosts', this.#knownHosts())
    const nodes = this.own ? ['--all', '--yes'] : ['mx1']
    this.akctl('nodes', 'install', ...nodes, '--smtp-listen', '127.0.0.1:2525', '--hostname', 'mx.example.com')
    if (this.own) return
    this.akctl('settings', 'set', 'mx1', 'esmtp-connection-timeout=20s')
    this.akctl('mta', 'start', 'mx1')
  }

  /** A file with the command that `mta status` sends to each host. */
  async statusCommand() {
    writeFileSync(this.#at('command'), await statusCommand(this.#at('mta')))
    return this.#at('command')
  }

  /** The private key of all logins. */
  get key() {
    return execFileSync('find', [this.#at('profile'), '-path', '*/keys/*', '-type', 'f', '-name', 'bench'], {
      encoding: 'utf8',
    }).split('\n')[0]
  }

  /** Runs akctl and throws when it fails. @returns what it printed */
  akctl(...args) {
    return execFileSync(process.execPath, [this.bin, ...args], {
      env: this.env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  }

  async down() {
    try {
      if (existsSync(this.#at('mta/base'))) this.akctl('mta', 'stop', 'mx1')
    } finally {
      this.sshd?.kill('SIGTERM')
      rmSync(this.folder, { recursive: true, force: true })
    }
  }

  async #startSshd() {
    mkdirSync(this.#at('home'))
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', this.#at('host_key')])
    const config = [
      `ListenAddress 0.0.0.0:${PORT}`,
      `HostKey ${this.#at('host_key')}`,
      `AuthorizedKeysFile ${this.#at('authorized_keys')}`,
      `PidFile ${this.#at('sshd.pid')}`,
      // An empty home: this machine's own shell start-up files are not what is measured.
      `SetEnv HOME=${this.#at('home')}`,
      ...['UsePAM no', 'UseDNS no', 'StrictModes no', 'PasswordAuthentication no', 'PermitRootLogin prohibit-password'],
      ...['MaxStartups 4096:30:8192', 'PerSourceMaxStartups none', 'LogLevel ERROR', 'PrintMotd no', 'PrintLastLog no'],
    ]
    writeFileSync(this.#at('sshd_config'), `${config.join('\n')}\n`)
    this.sshd = spawn('/usr/sbin/sshd', ['-D', '-r', '-f', this.#at('sshd_config'), '-E', this.#at('sshd.log')], {
      stdio: 'ignore',
    })
    for (let tries = 0; !existsSync(this.#at('sshd.pid')); tries++) {
      if (tries > 100) throw new Error(`sshd did not start:\n${readFileSync(this.#at('sshd.log'), 'utf8')}`)
      await pause(50)
    }
  }

  #knownHosts() {
    const key = readFileSync(this.#at('host_key.pub'), 'utf8').split(' ').slice(0, 2).join(' ')
    const file = this.#at('known_hosts')
    writeFileSync(file, Array.from({ length: this.count }, (_, index) => `[${address(index)}]:${PORT} ${key}\n`).join(''))
    return file
  }

  #at(name) {
    return join(this.folder, name)
  }
}
