'use strict'
// Keeps what DNS said of a destination (MX records and their addresses) for akctl.ini's [dns_cache] seconds. Errors
// are not kept. Comes last in the list of plugins: whoever chooses a route without DNS goes first.

const net_utils = require('haraka-net-utils')

const LIMIT = 10_000
const cache = new Map()

exports.hook_get_mx = async function (next, hmail, domain) {
  const key = domain.toLowerCase()
  const known = cache.get(key)
  if (known !== undefined && known.until > Date.now()) return next(OK, known.routes)
  cache.delete(key)
  let routes
  try {
    routes = await lookUp(hmail, domain)
  } catch {
    // Haraka asks again, and sorts the error into a bounce or a retry.
    return next()
  }
  if (routes.length === 0) return next()
  if (cache.size >= LIMIT) cache.delete(cache.keys().next().value)
  cache.set(key, { routes, until: Date.now() + Number(this.config.get('akctl.ini').dns_cache.seconds) * 1000 })
  next(OK, routes)
}

/** The addresses of a domain's mail servers, best first. */
async function lookUp(hmail, domain) {
  const exchanges = await net_utils.get_mx(domain)
  return net_utils.resolve_mx_hosts(hmail.sort_mx(exchanges))
}
