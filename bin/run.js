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
  const { main } = require('./load.js').load(path.join(root, 'dist', 'akctl.cjs'))
  main(argv, root).then((code) => {
    process.exitCode = code
  })
}
