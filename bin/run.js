#!/usr/bin/env node
'use strict'
// The shipped entry. --version is answered before anything else is read; the rest runs from one file with a code cache.
const path = require('node:path')
const root = path.join(__dirname, '..')
const argv = process.argv.slice(2)

if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
  const { name, version } = require('../package.json')
  process.stdout.on('error', ({ code, message }) => {
    if (code === 'EPIPE') process.exit(0) // nobody reads it any more
    process.stderr.write(`akctl: the output could not be written: ${message}\n`)
    process.exit(1)
  })
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`)
} else {
  endOnSecondSignal()
  const { main, crash } = require('./load.js').load(path.join(root, 'dist', 'akctl.cjs'))
  const bug = (error) => void crash(error, argv).then(end)
  process.once('uncaughtException', bug).once('unhandledRejection', bug)
  // A turn later, as a file request that has just ended still counts as under way until then, see `end`.
  void main(argv, root).then((code) => setImmediate(end, code))
}

/** The first Ctrl-C is for the command, which stops cleanly (before it listens: the end). The second ends at once. */
function endOnSecondSignal() {
  let signals = 0
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.on(name, () => {
      signals += 1
      if (signals > 1 || process.listenerCount(name) === 1) end(130)
    })
  }
}

/** Exits rather than drains: everything was written and closed by now, and a stray handle must not keep cron waiting. */
function end(code) {
  process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM')
  // Node's exit waits for system calls of its threads (a name server that is down, a pipe nobody writes to) for as long
  // as they take. Dying of the signal does not, and is 130 to a shell as well.
  const busy = process.getActiveResourcesInfo().some((name) => /^(FSReq|GetAddrInfo|GetNameInfo)/.test(name))
  if (code === 130 && busy) process.kill(process.pid, 'SIGINT')
  process.exit(code)
}
