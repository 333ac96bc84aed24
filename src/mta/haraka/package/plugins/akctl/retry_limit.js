'use strict'
// How many messages that failed before may be in delivery at the same time (akctl.ini: [retry_limit] size); one more
// waits, and is asked about again.

const WAIT_SECONDS = 2
let busy = 0

exports.hook_send_email = function (next, hmail) {
  if (hmail.num_failures === 0) return next()
  if (busy >= Number(this.config.get('akctl.ini').retry_limit.size)) return next(DELAY, WAIT_SECONDS)
  busy++
  // Haraka calls next_cb once an attempt is over, however it went.
  const over = hmail.next_cb
  hmail.next_cb = function () {
    hmail.next_cb = over
    busy--
    over()
  }
  next()
}
