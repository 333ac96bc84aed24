'use strict'
// A login of the shipped ssh2 at a server of its own in this process, and a program run there: what the code cache is made of.
const { PassThrough, Duplex } = require('node:stream')
const { Client, Server, utils } = require('../dist/lazy/ssh2.cjs')

const [hostKey, userKey] = [newKey(), newKey()]
const [up, down] = [new PassThrough(), new PassThrough()]
const cipher = ['aes128-gcm@openssh.com']
const algorithms = { kex: ['curve25519-sha256'], cipher, serverHostKey: ['ssh-ed25519'] }

const server = new Server({ hostKeys: [hostKey], algorithms }, (connection) => {
  connection.on('error', () => undefined)
  connection.on('authentication', (login) => login.accept())
  connection.on('ready', () => connection.on('session', (accept) => accept().on('exec', (yes) => serve(yes()))))
})
server.injectSocket(Duplex.from({ readable: up, writable: down }))

const client = new Client()
client.on('ready', () => {
  client.exec('true', (error, channel) => {
    if (error !== undefined) throw error
    channel.on('data', () => undefined).on('close', () => client.end())
    channel.stderr.on('data', () => undefined)
    channel.end('input')
  })
})
client.on('close', () => process.exit()) // where the cache is written
client.connect({
  sock: Duplex.from({ readable: down, writable: up }),
  algorithms,
  username: 'akctl',
  authHandler: [{ type: 'publickey', username: 'akctl', key: userKey }],
  hostVerifier: () => true,
})

/** One of some 200 keys that ssh2 makes can't be used (see src/profile/key-maker.ts). */
function newKey() {
  for (;;) {
    const { private: text } = utils.generateKeyPairSync('ed25519')
    const key = utils.parseKey(text)
    if (!(key instanceof Error) && key.verify('tried', key.sign('tried')) === true) return text
  }
}

/** Reads all, says something, ends well. */
function serve(channel) {
  channel.on('data', () => undefined)
  channel.on('end', () => {
    channel.write('output')
    channel.exit(0)
    channel.end()
  })
}
