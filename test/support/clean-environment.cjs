'use strict'
// Once, before any test process starts: what the tests start must see nothing of this shell's own settings.
const OURS =
  /^(NODE_OPTIONS|NODE_EXTRA_CA_CERTS|NODE_TLS_REJECT_UNAUTHORIZED|NODE_V8_COVERAGE|AKCTL_(?!TEST_).*|CI|NO_COLOR|FORCE_COLOR|SSH_AUTH_SOCK|MAIL_CONFIG)$/

module.exports = () => {
  for (const name of Object.keys(process.env)) if (OURS.test(name)) delete process.env[name]
}
