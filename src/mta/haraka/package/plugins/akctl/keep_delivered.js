'use strict'
// Keeps what was delivered: a hard link of the spool file in akctl.ini's [keep_delivered] folder.

const fs = require('node:fs/promises')
const path = require('node:path')

exports.hook_delivered = async function (next, hmail) {
  const { folder } = this.config.get('akctl.ini').keep_delivered
  const kept = path.join(folder, path.basename(hmail.path))
  try {
    await fs.link(hmail.path, kept)
  } catch (error) {
    // A spool on another file system cannot be linked.
    await fs
      .copyFile(hmail.path, kept)
      .catch((failure) => this.logerror(`${hmail.filename} was not kept: ${failure.message}`, error))
  }
  next()
}
