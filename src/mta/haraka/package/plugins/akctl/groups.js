'use strict'
// Haraka gives up root's user and group once it listens, but not root's other groups: that is done here, before.

exports.register = function () {
  const { user, group } = this.config.get('smtp.ini').main
  if (process.getuid() === 0 && user !== undefined) process.initgroups(user, group ?? user)
}
