'use strict'
// Keeps what DNS said of destinations (MX records, and addresses of mail servers) for akctl.ini's [dns_cache] seconds.
// Haraka's own two functions are wrapped, so that errors, which are not kept, go the way they always went.

const net_utils = require('haraka-net-utils')

/** Answers of each kind that are kept. */
const LIMIT = 10_000

exports.register = function () {
  const life = Number(this.config.get('akctl.ini').dns_cache.seconds) * 1000
  const getMx = remember(net_utils.get_mx, (domain) => domain.toLowerCase(), life)
  const plain = net_utils.get_mx
  net_utils.get_mx = (domain, callback) => (callback === undefined ? getMx(domain) : plain(domain, callback))
  net_utils.resolve_mx_hosts = remember(net_utils.resolve_mx_hosts, (list) => JSON.stringify(list), life)
}

/** The same function, with answers that are kept. Every caller gets its own copy: a delivery writes into it. */
function remember(ask, keyOf, life) {
  const kept = new Map()
  return async (question) => {
    const key = keyOf(question)
    let found = kept.get(key)
    if (found === undefined || found.until <= Date.now()) {
      found = { answer: ask(question), until: Date.now() + life }
      kept.delete(key)
      kept.set(key, found)
      if (kept.size > LIMIT) kept.delete(kept.keys().next().value)
      found.answer.catch(() => kept.get(key) === found && kept.delete(key))
    }
    const answer = await found.answer
    if (answer.length === 0 && kept.get(key) === found) kept.delete(key)
    return answer.map((mx) => Object.assign(Object.create(Object.getPrototypeOf(mx)), mx))
  }
}
