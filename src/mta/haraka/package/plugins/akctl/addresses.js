'use strict'
// The addresses this node sends from (akctl.ini: [addresses] list), in turn. Whatever chose the destination (DNS, the
// relay plugin), the address is chosen where the connection is made, by the destination's family; a destination whose
// family this node has no address of is passed over, as it would be reached from another one.

const net = require('node:net')
const HMailItem = require('./outbound/hmail')

exports.register = function () {
  const list = String(this.config.get('akctl.ini').addresses.list).split(',')
  const turns = { 4: turnsOf(list.filter((ip) => net.isIPv4(ip))), 6: turnsOf(list.filter((ip) => net.isIPv6(ip))) }
  const deliver = HMailItem.prototype.try_deliver

  HMailItem.prototype.try_deliver = function () {
    this.mxlist = this.mxlist.filter((mx) => mx.path || mx.bind || net.isIP(mx.exchange) === 0 || turns[net.isIP(mx.exchange)])
    const [mx] = this.mxlist
    if (mx && !mx.path && !mx.bind) mx.bind = turns[net.isIP(mx.exchange)]?.()
    return deliver.call(this)
  }
}

/** A function that gives the addresses one after the other, for ever; undefined without addresses. */
function turnsOf(addresses) {
  let next = 0
  return addresses.length === 0 ? undefined : () => addresses[next++ % addresses.length]
}
