#!/usr/bin/env node
'use strict'
// The shipped entry. --version is answered before anything else is read; the rest runs from one file with a code cache.
const path = require('node:path')
const root = path.join(__dirname, '..')
const argv = process.argv.slice(2)

if (argv.length === 1 && (argv[0] === '--version' || argv[0] === '-v')) {
  const { name, version } = require('../package.json')
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`)
} else {
  endOnSecondSignal()
  const { main, crash } = require('./load.js').load(path.join(root, 'dist', 'akctl.cjs'))
  const end = (code) => process.exit(code)
  const bug = (error) => void crash(error, argv).then(end)
  process.once('uncaughtException', bug).once('unhandledRejection', bug)
  // exit rather than drain: everything was written and closed by now, and a stray handle must not keep cron waiting.
  void main(argv, root).then(end)
}

/** The first Ctrl-C is for the command, which stops cleanly (before it listens: the end). The second ends at once. */
function endOnSecondSignal() {
  let signals = 0
  for (const name of ['SIGINT', 'SIGTERM']) {
    process.on(name, () => {
      signals += 1
      if (signals > 1 || process.listenerCount(name) === 1) process.exit(130)
    })
  }
}
