'use strict'
// A message that has been in the spool for too long (akctl.ini: [spool_age] seconds) gets one last attempt: should that
// fail too, Haraka bounces it. This is for messages whose retries were late, such as after a stop of the MTA.

const outbound = require('./outbound/config')
const { parts } = require('./outbound/qfile')

exports.hook_send_email = function (next, hmail) {
  const { age } = parts(hmail.filename)
  const limit = Number(this.config.get('akctl.ini').spool_age.seconds) * 1000
  if (age > limit) hmail.num_failures = Math.max(hmail.num_failures, outbound.cfg.temp_fail_intervals.length)
  next()
}
