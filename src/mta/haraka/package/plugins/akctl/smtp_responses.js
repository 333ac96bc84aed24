'use strict'
// Writes what other servers answered to the system's log: one line for each delivery, deferral and bounce, as
// mail.info, by logger(1) (Node.js cannot write to the socket /dev/log itself). akctl.ini of the base may name another
// place: [smtp_responses] server=HOST:PORT (UDP) or socket=PATH.

const { spawn } = require('node:child_process')

/** Lines in memory while logger is slow; more are dropped, as the log must not hold up the mail. */
const LIMIT = 1000
let child
let dropped = 0

exports.hook_delivered = function (next, hmail, [host, ip, response, delay, port, , ok]) {
  for (const to of ok) write(this, line(hmail, to, `relay=${host}[${ip}]:${port}, delay=${delay}, status=sent (${response})`))
  next()
}

exports.hook_deferred = function (next, hmail, { err, delay }) {
  for (const to of hmail.todo.rcpt_to) write(this, line(hmail, to, `status=deferred (${reason(to, err)}), retry=${delay}`))
  next()
}

exports.hook_bounce = function (next, hmail, error) {
  for (const to of hmail.todo.rcpt_to) write(this, line(hmail, to, `status=bounced (${reason(to, error.message)})`))
  next()
}

exports.shutdown = function () {
  child?.stdin.end()
}

function line(hmail, to, rest) {
  return `${hmail.todo.uuid}: from=${hmail.todo.mail_from}, to=${to}, ${rest}`.replace(/[\x00-\x1f\x7f]/g, ' ')
}

/** The server's own words where it said some. */
function reason(to, error) {
  if (to.dsn_smtp_code === undefined) return to.reason ?? error
  return [to.dsn_smtp_code, to.dsn_smtp_extc, to.dsn_smtp_response].filter(Boolean).join(' ')
}

function write(plugin, text) {
  child ??= start(plugin)
  if (child.stdin.writableLength > LIMIT * 200) {
    dropped++
    return
  }
  if (dropped > 0) child.stdin.write(`${dropped} lines were dropped: logger is too slow\n`)
  dropped = 0
  child.stdin.write(`${text}\n`)
}

function start(plugin) {
  const { server, socket } = plugin.config.get('akctl.ini').smtp_responses ?? {}
  const [, host, port] = /^(.*):(\d+)$/.exec(server ?? '') ?? []
  const where = host !== undefined ? ['--udp', '-n', host.replace(/^\[|\]$/g, ''), '-P', port] : socket ? ['-u', socket] : []
  const logger = spawn('logger', ['-p', 'mail.info', '-t', 'haraka', ...where], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Not Haraka's environment: by that akctl tells the process of the MTA.
    env: { PATH: process.env.PATH },
  })
  const gone = (why) => {
    if (child === logger) child = undefined
    plugin.logerror(`logger ended: ${why}`)
  }
  logger.on('error', (error) => gone(error.message))
  logger.on('exit', (status, signal) => gone(signal ?? `status ${status}`))
  logger.stdin.on('error', () => undefined)
  return logger
}
