// The stage of the demo: a temporary folder with a private sshd and a mail sink on loopback, and nothing else.
import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '')

/** Everything the demo runs on; `close` leaves nothing behind. */
export class Stage {
  #children = []

  constructor() {
    this.folder = realpathSync(mkdtempSync(join(tmpdir(), 'akctl-demo-')))
    chmodSync(this.folder, 0o755) // Postfix runs as a user of its own and must get to its queue
    for (const name of ['bin', 'sink']) mkdirSync(join(this.folder, name))
    chmodSync(join(this.folder, 'sink'), 0o777)
    const launcher = `#!/bin/sh\nexec '${process.execPath}' '${root}/bin/run.js' "$@"\n`
    writeFileSync(join(this.folder, 'bin/akctl'), launcher, { mode: 0o755 })
    this.env = {
      ...ownEnv(),
      PATH: `${this.folder}/bin:${process.env.PATH}`,
      AKCTL_HOME: `${this.folder}/profile`,
      AKCTL_OUTPUT: 'table',
      AKCTL_SECRETS_KEY_FILE: `${this.folder}/secrets.key`,
    }
  }

  /** A free port on loopback for each name. */
  async reservePorts(names) {
    const servers = await Promise.all(names.map(() => listenAnywhere()))
    this.ports = Object.fromEntries(names.map((name, index) => [name, servers[index].address().port]))
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
    return this.ports
  }

  /** sshd for root on loopback, by keys in `authorized_keys` only. @returns its host key's fingerprint */
  async startSshd(port) {
    const at = (name) => join(this.folder, name)
    mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'demo', '-f', at('host_key')])
    writeFileSync(at('authorized_keys'), '', { mode: 0o600 })
    const config = [
      `ListenAddress 127.0.0.1:${port}`,
      ...[`HostKey ${at('host_key')}`, `AuthorizedKeysFile ${at('authorized_keys')}`, `PidFile ${at('sshd.pid')}`],
      ...['UsePAM no', 'StrictModes no', 'PasswordAuthentication no', 'PermitRootLogin prohibit-password', 'PrintMotd no'],
    ]
    writeFileSync(at('sshd_config'), `${config.join('\n')}\n`)
    this.#start('/usr/sbin/sshd', ['-D', '-f', at('sshd_config'), '-E', at('sshd.log')])
    await waitFor('sshd', () => existsSync(at('sshd.pid')))
    return execFileSync('ssh-keygen', ['-lf', at('host_key.pub')], { encoding: 'utf8' }).split(' ')[1]
  }

  /** A server that takes every mail and writes it to a file in `sink/`. */
  async startSink(port) {
    this.#start('smtp-sink', ['-u', 'nobody', '-d', `${this.folder}/sink/mail.`, `127.0.0.1:${port}`, '10'])
    await waitFor('the mail sink', () => answers(port))
  }

  /** The text of every mail that arrived. */
  mails = () => readdirSync(join(this.folder, 'sink')).map((name) => readFileSync(join(this.folder, 'sink', name), 'utf8'))

  /** Stops what still runs below the folder, and removes it. */
  async close() {
    for (const child of this.#children) child.kill('SIGTERM')
    for (const pid of this.leftovers()) signal(pid, 'SIGKILL')
    await waitFor(
      'everything has ended',
      () =>
        this.leftovers().length === 0 && this.#children.every((child) => child.exitCode !== null || child.signalCode !== null),
    )
    rmSync(this.folder, { recursive: true, force: true })
  }

  /** Processes whose command line names the folder: the MTAs, should the story have ended early. */
  leftovers() {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .map(Number)
      .filter((pid) => belongsTo(pid, this.folder) && !this.#children.some((child) => child.pid === pid))
  }

  #start(command, args) {
    const child = spawn(command, args, { cwd: this.folder, env: this.env, stdio: 'ignore' })
    child.on('error', (error) => console.error(`${command}: ${error.message}`))
    this.#children.push(child)
  }
}

/** Whether something on loopback takes a connection. */
export function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    const done = (answer) => {
      socket.destroy()
      resolve(answer)
    }
    socket.on('connect', () => done(true)).on('error', () => done(false))
  })
}

/** What the demo takes of this shell: who and where, and how npm reaches its registry. Haraka is kept in the clone. */
function ownEnv() {
  const npm = /^((https?|no)_proxy|npm_config_(cafile|registry|proxy|https_proxy|noproxy|globalconfig|userconfig))$/i
  const kept = Object.entries(process.env).filter(([name]) => ['HOME', 'USER', 'TERM'].includes(name) || npm.test(name))
  return { ...Object.fromEntries(kept), LANG: 'C.UTF-8', XDG_CACHE_HOME: `${root}/.cache` }
}

function listenAnywhere() {
  return new Promise((resolve, reject) => {
    const server = createServer().on('error', reject)
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

/** By command line, or by working directory: Postfix's master names no folder. */
function belongsTo(pid, folder) {
  try {
    if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(folder)) return true
    return realpathSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`)
  } catch {
    return false
  }
}

function signal(pid, name) {
  try {
    process.kill(pid, name)
  } catch {
    // gone by itself
  }
}

/** @throws Error when it is not so within ten seconds */
export async function waitFor(what, look, seconds = 10) {
  const deadline = Date.now() + seconds * 1000
  while (!(await look())) {
    if (Date.now() > deadline) throw new Error(`${what}: not so within ${seconds} s`)
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
