import { type AddressInfo, createServer, type Server } from 'node:net'
import { Client } from 'ssh2'

// The shipped ssh2 draws the padding of packets at once for many of them (decision 0014). Before the first keys are agreed on,
// packets are in the clear, so that their padding can be looked at.

/** More than one draw is good for. */
const LOGINS = 800

let server: Server
beforeAll(() => {
  server = createServer()
  return new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterAll(() => server.close())

/** The first packet of a client: its length and that of its padding before, its padding at the end (RFC 4253, section 6). */
function firstPacket(): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const client = new Client()
    server.once('connection', (socket) => {
      let got = Buffer.alloc(0)
      socket.on('error', reject)
      socket.on('data', (bytes) => {
        got = Buffer.concat([got, bytes])
        const packet = got.subarray(got.indexOf('\r\n') + 2)
        if (packet.length < 4 || packet.length < 4 + packet.readUInt32BE(0)) return
        client.end()
        socket.destroy()
        resolve(packet)
      })
      socket.write('SSH-2.0-looks_at_padding\r\n')
    })
    client.on('error', () => undefined) // the server has gone
    client.connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, username: 'x' })
  })
}

test('the padding of each packet is its own, of the length that is said, and takes any value', async () => {
  const paddings: Buffer[] = []
  for (let login = 0; login < LOGINS; login++) {
    const packet = await firstPacket()
    const [size, padding] = [packet.readUInt32BE(0), packet.readUInt8(4)]
    expect(padding).toBeGreaterThanOrEqual(4)
    expect(packet).toHaveLength(4 + size)
    expect(packet.length % 8).toBe(0)
    paddings.push(packet.subarray(-padding))
  }
  expect(new Set(paddings.map((bytes) => bytes.toString('hex'))).size).toBe(LOGINS)
  expect(new Set(Buffer.concat(paddings)).size).toBe(256)
})
