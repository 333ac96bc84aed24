'use strict'
/** Shell scripts as text, as the build inlines them. */
module.exports = {
  process: (text) => ({ code: `module.exports = { __esModule: true, default: ${JSON.stringify(text)} }` }),
}
