import { algorithmsFor, HOST_KEY_TYPES } from '../../src/connection/ssh/algorithms.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import { startSshd, type KeyType } from '../support/sshd.ts'
import { policyOf, targetOf, TIMEOUTS, trusted } from '../support/ssh-target.ts'

const KEYS: readonly KeyType[] = ['ed25519', 'ecdsa', 'rsa']
const { kex, cipher, hmac, serverHostKey } = algorithmsFor(HOST_KEY_TYPES)
const names = (offered: unknown): readonly string[] => offered as readonly string[]

/** All that akctl offers; of the host keys, those that a server here has. */
const ALL: readonly [word: string, name: string, also: string[]][] = [
  ...names(kex).map((name): [string, string, string[]] => ['KexAlgorithms', name, []]),
  ...names(cipher).map((name): [string, string, string[]] => ['Ciphers', name, []]),
  ...names(hmac).map((name): [string, string, string[]] => ['MACs', name, ['Ciphers aes128-ctr']]), // others need none
  ...names(serverHostKey)
    .filter((name) => !/nistp(384|521)/.test(name))
    .map((name): [string, string, string[]] => ['HostKeyAlgorithms', name, []]),
]

test.each(ALL)('a server whose %s are %s alone', async (word, name, also) => {
  const sshd = await startSshd({ hostKeys: KEYS, config: [`${word} ${name}`, ...also] })
  const records = KEYS.map((type) => trusted(sshd.endpoint, sshd.hostKey(type).fingerprint, type))
  const host = new SshHost(targetOf(sshd), policyOf(records), TIMEOUTS)
  try {
    const run = await host.run('head -c 100000 /dev/zero | wc -c; cat', { timeout: 20, payload: Buffer.from('told') })
    expect(run).toMatchObject({ stdout: '100000\ntold', end: { kind: 'exit', status: 0 } })
  } finally {
    await host.close()
    await sshd.stop()
  }
})
