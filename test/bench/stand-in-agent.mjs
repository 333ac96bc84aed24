// In place of an agent, where only the client is measured: TLS 1.3 with the agent's certificate, and one answer to every
// call, at once. A real agent runs a driver's script a call, on the very cores that the client is measured on.
// Usage: node test/bench/stand-in-agent.mjs PORT CERTIFICATE KEYFILE; prints a line once it listens, ends with its stdin
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [port, cert, key] = process.argv.slice(2)
const state = {
  ...{ running: true, pid: 4711, uptime: 86_400, version: '3.7.11', listening: ['127.0.0.1:2525'], installed: true },
  ...{ queue: { messages: 0, capped: false }, edited: [], loaded: 0, clock: Math.floor(Date.now() / 1000) },
}
const answer = JSON.stringify(state)
const options = { cert: readFileSync(cert), key: readFileSync(key), minVersion: 'TLSv1.3', ALPNProtocols: ['http/1.1'] }
createServer(options, (request, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) }).end(answer)
}).listen(Number(port), '0.0.0.0', () => console.log('listening'))
process.stdin.resume().on('end', () => process.exit(0))
