import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import { runScript } from '../../src/connection/scripted/run-script.ts'
import { policyFor, targetOf, testScript, TIMEOUTS } from '../support/ssh-target.ts'
import { startSshd, type Sshd } from '../support/sshd.ts'

describe('a node behind SSH', () => {
  let sshd: Sshd
  beforeAll(async () => {
    sshd = await startSshd({ hostKeys: ['ed25519', 'rsa'] })
  })
  afterAll(() => sshd.stop())

  test('runs a script', async () => {
    const host = new SshHost(targetOf(sshd), policyFor(sshd), TIMEOUTS)
    expect(await runScript(host, testScript('put answer "$(id -u) $1"', { args: ["it's"] }), { timeout: 10 })).toBe("0 it's")
    expect(await runScript(host, testScript('put answer again'), { timeout: 10 })).toBe('again')
    await host.close()
  })
})
