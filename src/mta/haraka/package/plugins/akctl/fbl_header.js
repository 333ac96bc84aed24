'use strict'
// Renames the header X-FBL of every message that is spooled (akctl.ini: [fbl_header] name).

exports.hook_pre_send_trans_email = function (next, connection) {
  const name = String(this.config.get('akctl.ini').fbl_header.name).replace(/^"|"$/g, '')
  const { transaction } = connection
  const values = transaction.header.get_all('X-FBL')
  if (values.length > 0 && name.toLowerCase() !== 'x-fbl') {
    transaction.remove_header('X-FBL')
    for (const value of values) transaction.add_header(name, value.trimEnd())
  }
  next()
}
