'use strict'
// Whether Haraka would come up with the configuration in $HARAKA. Says on stderr why not, and ends with 1.

const fs = require('node:fs')
const net = require('node:net')
const os = require('node:os')
const path = require('node:path')

const conf = process.env.HARAKA
process.env.NODE_PATH = path.join(conf, 'node_modules')
require('node:module')._initPaths()
const haraka = path.join(__dirname, 'node_modules', 'Haraka')
const config = require('haraka-config')
const { endpoint } = require('haraka-net-utils')

/** The listeners are on addresses of this machine. */
function checkListeners(main) {
  const own = Object.values(os.networkInterfaces()).flatMap((list) => list.map(({ address }) => address))
  const anywhere = ['ipv4', 'ipv6'].some((kind) => read(`/proc/sys/net/${kind}/ip_nonlocal_bind`) === '1')
  for (const text of String(main.listen ?? '').split(/\s*,\s*/)) {
    if (text === '') continue
    const { host, port, message } = endpoint(text, 25)
    if (message !== undefined) throw new Error(`listen=${text} in smtp.ini is no address:port`)
    if (host === undefined || net.isIP(host) === 0) continue
    const any = host === '::0' || host === '0.0.0.0' || host.startsWith('127.')
    if (!any && !anywhere && !own.includes(host)) throw new Error(`${host} (port ${port}) is no address of this machine`)
  }
}

/** Haraka has no defaults for these: without them it fails at the first connection. */
function checkSections() {
  const found = config.get('connection.ini')
  for (const section of ['headers', 'max', 'message', 'uuid']) {
    if (found[section] === undefined) throw new Error(`connection.ini lacks the section [${section}]`)
  }
}

/** Every plugin of the list is there and compiles. */
function checkPlugins() {
  const logger = require(path.join(haraka, 'logger'))
  logger.log = () => true
  const plugins = require(path.join(haraka, 'plugins'))
  plugins.load_plugins()
}

/** Whom Haraka becomes exists, and can read what Haraka reads after that. Last: it gives root up. */
function checkUser(main) {
  if (process.getuid() !== 0 || main.user === undefined) return
  if (main.group !== undefined) process.setgid(main.group)
  process.setuid(main.user)
  try {
    for (const folder of [process.cwd(), path.join(conf, 'config'), haraka]) fs.accessSync(folder, fs.constants.X_OK)
  } catch (error) {
    throw new Error(`${main.user}, whom Haraka becomes (smtp.ini: user), has no way to ${error.path}: ${error.message}`)
  }
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8').trim()
  } catch {
    return ''
  }
}

try {
  const { main } = config.get('smtp.ini')
  checkListeners(main)
  checkSections()
  checkPlugins()
  checkUser(main)
  process.exit(0)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exit(1)
}
