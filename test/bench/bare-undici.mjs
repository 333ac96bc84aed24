// What undici alone needs for the same hosts: a handshake and one status call each, 64 at a time. The rest is akctl's own.
// Usage: node test/bench/bare-undici.mjs COUNT PORT CERTIFICATE KEY (in the fleet's network)
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { address } from './address.mjs'

const { Client } = createRequire(import.meta.url)('undici')
const [count, port] = process.argv.slice(2).map(Number)
const [ca, key] = [readFileSync(process.argv[4], 'utf8'), process.argv[5]]

async function visit(host) {
  const connect = { ca, minVersion: 'TLSv1.3', checkServerIdentity: () => undefined }
  const client = new Client(`https://${host}:${port}`, { connect, maxCachedSessions: 0 })
  const { statusCode, body } = await client.request({
    method: 'GET',
    path: '/v1/status',
    headers: { authorization: `Bearer ${key}` },
  })
  await body.text()
  if (statusCode !== 200) throw new Error(`${host} answered ${statusCode}`)
  await client.close()
}

let next = 0
await Promise.all(
  Array.from({ length: 64 }, async () => {
    while (next < count) await visit(address(next++))
  }),
)
