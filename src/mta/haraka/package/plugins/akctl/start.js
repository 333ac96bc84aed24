'use strict'
// What Haraka leaves undone when it starts as a daemon, by whomever: it gives up root's user and group, but not root's
// other groups; the folders it writes to must be whose it becomes; nothing says of which version it is, nor when it is
// through with all that it may still die of; and it refuses to start over a pid file, even one whose process is dead, as
// after a power failure.

const { execFileSync } = require('node:child_process')
const fs = require('node:fs')
const path = require('node:path')

exports.register = function () {
  if (process.env.__daemon === undefined) return
  const { user, group, daemon_pid_file } = this.config.get('smtp.ini').main
  const pids = path.dirname(daemon_pid_file)
  const home = path.dirname(pids)
  const folders = [pids, path.join(home, 'kept'), path.join(home, 'profiles'), path.resolve(this.config.get('queue_dir'))]
  for (const folder of folders) fs.mkdirSync(folder, { recursive: true })
  if (process.getuid() === 0 && user !== undefined) {
    process.initgroups(user, group ?? user)
    const uid = Number(run('id', ['-u', String(user)]))
    const owner = group === undefined ? `${user}` : `${user}:${group}`
    for (const folder of folders.filter((name) => fs.statSync(name).uid !== uid)) run('chown', ['-R', owner, folder])
  }
  record(home, path.join(pids, 'haraka.program'))
  tellUntilUp(path.join(pids, 'haraka.starting'), this.haraka_require('outbound'))
  if (isStale(daemon_pid_file)) fs.rmSync(daemon_pid_file, { force: true })
}

/** Writes down of which version this process is, `PID versions/ID`: without that, older ones stay (install.sh). */
function record(home, file) {
  try {
    const program = path.relative(fs.realpathSync(home), fs.realpathSync(process.argv[1]))
    fs.rmSync(file, { force: true })
    fs.writeFileSync(file, `${process.pid} ${program.split(path.sep).slice(0, 2).join('/')}\n`, { flag: 'wx' })
  } catch {
    // no reason not to start
  }
}

/**
 * A file with the process's number, until it is up: it listens first, and dies of a plugin's hook_init_master or a queue
 * that it can't load after that (mta_healthy in endpoints.sh waits for its going).
 */
function tellUntilUp(file, outbound) {
  const { init_queue: load } = outbound
  try {
    fs.rmSync(file, { force: true })
    fs.writeFileSync(file, `${process.pid}\n`, { flag: 'wx' })
  } catch {
    return // no reason not to start
  }
  outbound.init_queue = async (...args) => {
    await load(...args)
    fs.rmSync(file, { force: true })
  }
}

/** Without Haraka's environment: by that akctl tells the process of the MTA. */
function run(program, args) {
  return execFileSync(program, args, { encoding: 'utf8', env: { PATH: process.env.PATH } })
}

/** Whether a pid file is there and its process is no Haraka that runs as a daemon. */
function isStale(file) {
  let pid
  try {
    pid = Number.parseInt(fs.readFileSync(file, 'utf8'), 10)
  } catch {
    return false
  }
  try {
    return !fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes('__daemon=1')
  } catch (error) {
    return error.code === 'ENOENT' || error.code === 'ESRCH'
  }
}
