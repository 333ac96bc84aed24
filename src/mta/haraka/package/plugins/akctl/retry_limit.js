'use strict'
// How many messages that failed before may be in delivery at the same time (akctl.ini: [retry_limit] size); one more
// waits, and is asked about again.

// Not the same for all: who asks in step with the deliveries of others would never find a place.
const waitSeconds = () => 1 + Math.random() * 2
let busy = 0

exports.hook_send_email = function (next, hmail) {
  if (hmail.num_failures === 0) return next()
  if (busy >= Number(this.config.get('akctl.ini').retry_limit.size)) return next(DELAY, waitSeconds())
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
