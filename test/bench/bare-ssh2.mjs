// What ssh2 alone needs for the same hosts: login and one command each, 64 at a time. The rest is akctl's own.
// Usage: node test/bench/bare-ssh2.mjs COUNT PORT KEYFILE [FILE with the command; default: true] (in the fleet's network)
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { address } from './address.mjs'

const { Client } = createRequire(import.meta.url)('ssh2')
const [count, port] = process.argv.slice(2).map(Number)
const privateKey = readFileSync(process.argv[4])
const command = process.argv[5] === undefined ? 'true' : readFileSync(process.argv[5], 'utf8')

function visit(host) {
  return new Promise((resolve, reject) => {
    const client = new Client()
    client.on('ready', () =>
      client.exec(command, (error, channel) => {
        if (error) return reject(error)
        channel.resume().on('close', () => client.end())
        channel.end()
      }),
    )
    client.on('close', resolve).on('error', reject)
    client.connect({
      host,
      port,
      username: 'root',
      privateKey,
      authHandler: ['publickey'],
      hostVerifier: () => true,
      algorithms: { cipher: ['aes128-gcm@openssh.com'] },
    })
  })
}

let next = 0
await Promise.all(
  Array.from({ length: 64 }, async () => {
    while (next < count) await visit(address(next++))
  }),
)
