'use strict'
// SIGUSR2 records 30 s of the CPU's work into akctl.ini's [profiler] folder, as a .cpuprofile that browsers' developer
// tools open.

const fs = require('node:fs/promises')
const path = require('node:path')
const { Session } = require('node:inspector/promises')

const SECONDS = 30
let recording = false

exports.register = function () {
  const { folder, seconds } = this.config.get('akctl.ini').profiler
  process.on('SIGUSR2', () => {
    if (recording) return
    recording = true
    record(folder, Number(seconds ?? SECONDS))
      .then((file) => this.lognotice(`profile written: ${file}`))
      .catch((error) => this.logerror(`no profile: ${error.message}`))
      .finally(() => (recording = false))
  })
}

async function record(folder, seconds) {
  const session = new Session()
  session.connect()
  try {
    await session.post('Profiler.enable')
    await session.post('Profiler.start')
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
    const { profile } = await session.post('Profiler.stop')
    const file = path.join(folder, `${new Date().toISOString().replace(/[:.]/g, '-')}.cpuprofile`)
    await fs.writeFile(file, JSON.stringify(profile))
    return file
  } finally {
    session.disconnect()
  }
}
