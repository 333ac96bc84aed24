import { algorithmsFor, HOST_KEY_TYPES, typeOfAlgorithm } from '../../src/connection/ssh/algorithms.ts'
import { ServerOffer } from '../../src/connection/ssh/server-offer.ts'

/** A KEXINIT packet with these host key algorithms (RFC 4253, sections 6 and 7.1). */
function kexinit(hostKeys: string, type = 20): Buffer {
  const list = (names: string): Buffer => Buffer.concat([uint32(names.length), Buffer.from(names)])
  const lists = ['curve25519-sha256', hostKeys, 'aes128-gcm@openssh.com', 'none'].map(list)
  const payload = Buffer.concat([Buffer.from([type]), Buffer.alloc(16, 7), ...lists, Buffer.alloc(5)])
  const padding = Buffer.alloc(9)
  return Buffer.concat([uint32(1 + payload.length + padding.length), Buffer.from([padding.length]), payload, padding])
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

const IDENT = 'SSH-2.0-OpenSSH_9.2p1 Debian\r\n'

describe("a server's offer of host keys", () => {
  test.each([
    ['at once', '', 1_000_000],
    ['byte by byte', '', 1],
    ['after lines of greeting', 'Welcome\r\nAuthorised use only\r\n', 7],
  ])('read %s', (_, greeting, size) => {
    const bytes = Buffer.concat([
      Buffer.from(greeting + IDENT),
      kexinit('rsa-sha2-512,rsa-sha2-256,ecdsa-sha2-nistp256,ssh-ed25519'),
    ])
    const offer = new ServerOffer()
    let more = true
    for (let at = 0; at < bytes.length; at += size) more = offer.add(bytes.subarray(at, at + size))
    expect(more).toBe(false)
    expect(offer.identified).toBe(true)
    expect(offer.types).toEqual(['ssh-rsa', 'ecdsa-sha2-nistp256', 'ssh-ed25519'])
  })

  test('packets before it (DEBUG, IGNORE) are passed over', () => {
    const offer = new ServerOffer()
    expect(offer.add(Buffer.concat([Buffer.from(IDENT), kexinit('ssh-ed25519', 2), kexinit('ssh-rsa,rsa-sha2-256')]))).toBe(false)
    expect(offer.types).toEqual(['ssh-rsa'])
  })

  test('what akctl does not take is not in it: certificates, DSA, RSA by SHA-1', () => {
    const offer = new ServerOffer()
    offer.add(Buffer.concat([Buffer.from(IDENT), kexinit('ssh-rsa,ssh-dss,ssh-ed25519-cert-v01@openssh.com')]))
    expect(offer.types).toEqual([])
  })

  test('another program than sshd is not identified, and fills no memory', () => {
    const offer = new ServerOffer()
    let chunks = 0
    while (offer.add(Buffer.alloc(16_384, 'x')) && chunks < 1000) chunks += 1
    expect(chunks).toBeLessThan(20)
    expect(offer).toMatchObject({ identified: false, types: [] })
    expect(offer.add(Buffer.from(IDENT))).toBe(false)
  })

  test.each([
    ['lengths that lie', Buffer.concat([uint32(0x7fffffff), Buffer.alloc(400)])],
    [
      'an inner length that lies',
      Buffer.concat([uint32(30), Buffer.from([4, 20]), Buffer.alloc(16), uint32(0xffffffff), Buffer.alloc(8)]),
    ],
    ['nothing but zeros', Buffer.alloc(300_000)],
  ])('a server that sends %s gives no types', (_, bytes) => {
    const offer = new ServerOffer()
    offer.add(Buffer.concat([Buffer.from(IDENT), bytes]))
    expect(offer.types).toEqual([])
  })
})

describe('algorithms', () => {
  test('nothing rests on SHA-1, MD5, CBC or RC4', () => {
    const all = Object.values(algorithmsFor(HOST_KEY_TYPES)).flat() as string[]
    expect(all.length).toBeGreaterThan(20)
    expect(all.filter((name) => /sha1|md5|cbc|arcfour|3des|ripemd|^ssh-rsa$|ssh-dss/.test(name))).toEqual([])
  })

  test('curve25519 and AES-128-GCM come first, and host keys in the order asked for', () => {
    const { cipher, kex, serverHostKey } = algorithmsFor(['ssh-rsa', 'ssh-ed25519']) as Record<string, string[]>
    expect([kex?.[0], cipher?.[0]]).toEqual(['curve25519-sha256', 'aes128-gcm@openssh.com'])
    expect(serverHostKey).toEqual(['rsa-sha2-512', 'rsa-sha2-256', 'ssh-ed25519'])
  })

  test('the type of an algorithm', () => {
    expect(['rsa-sha2-256', 'ssh-ed25519', 'ssh-rsa', 'ssh-dss', ''].map(typeOfAlgorithm)).toEqual([
      'ssh-rsa',
      'ssh-ed25519',
      undefined,
      undefined,
      undefined,
    ])
  })
})
