import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeCertificate } from '../support/certificates.ts'
import { launcher } from '../support/agent.ts'
import { type Network, inNetworkOf } from './network.ts'
import type { Place } from './places.ts'

/** The port of agents. */
const AGENT_PORT = 4433

/** What is where on a host: `MTA` is the same on all of them, as on machines that are set up alike. */
export interface Folders {
  /** Of all that belongs to the host. */
  readonly own: string
  /** Where the host itself sees its MTA. */
  readonly mta: string
}

/** Words that run a program on a host: in its network, with its own MTA in place. */
function onHost({ name }: Place, { own, mta }: Folders): string {
  const program = `mount --bind ${own}/mta ${mta} && exec "$@"`
  return `${inNetworkOf(name)} unshare -m sh -c '${program}' sh`
}

/**
 * Shell commands that make a host key and an sshd with it, and start that in its host's network.
 * `sshd/` has `host_key`, `authorized_keys`, `log`, `pid`, and `shims`, which comes first in the sessions' PATH.
 */
export function startSshd(place: Place, folders: Folders): string {
  const { name, address } = place
  const folder = `${folders.own}/sshd`
  const config = [
    `ListenAddress ${address}:22`,
    `HostKey ${folder}/host_key`,
    `PidFile ${folder}/pid`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    `SetEnv HOME=${folder}/home PATH=${folder}/shims:/usr/local/bin:/usr/bin:/bin`,
    'LogLevel DEBUG',
    ...['UsePAM no', 'StrictModes no', 'UseDNS no', 'PrintMotd no', 'PrintLastLog no'],
    ...['PermitRootLogin prohibit-password', 'PasswordAuthentication no', 'KbdInteractiveAuthentication no'],
  ]
  return `
mkdir -p ${folder}/home ${folder}/shims
[ -e ${folder}/host_key ] || ssh-keygen -q -t ed25519 -N '' -C ${name} -f ${folder}/host_key
printf '%s\\n' ${config.map((line) => `'${line}'`).join(' ')} >${folder}/sshd_config
${onHost(place, folders)} /usr/sbin/sshd -r -f ${folder}/sshd_config -E ${folder}/log`
}

/** Ends an sshd, waiting until it is gone. */
export function stopSshd({ own }: Folders): string {
  return `
pid=$(cat ${own}/sshd/pid)
kill $pid
while kill -0 $pid 2>/dev/null; do sleep 0.05; done`
}

/**
 * Starts the agent of an HTTPS node: `agent/` has its conf, run and log. It listens when this returns.
 * @returns the fingerprint of its certificate
 */
export async function startAgent(network: Network, place: Place, folders: Folders, key: string): Promise<string> {
  const { name, address } = place
  const conf = `${folders.own}/agent/conf`
  const { cert, key: keyFile, fingerprint } = await makeCertificate({ name, hosts: [address] })
  const node = {
    ...{ LISTEN: `${address}:${AGENT_PORT}`, CERT_PATH: 'server.crt', KEYFILE_PATH: 'server.key', APIKEY: key },
    ...{ PID_FILE: '../run/agent.pid', LOG_FILE: '../log/agent.log', BASEDIR: folders.mta, MTA: 'postfix' },
  }
  const files = { 'server.crt': cert, 'server.key': keyFile, 'node.json': JSON.stringify(node) }
  const inside = `${network.root}${conf}`
  mkdirSync(inside, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileSync(join(inside, file), text, { mode: 0o600 })
  network.run(`${onHost(place, folders)} ${launcher} -d --https --config=${conf}`)
  return fingerprint
}
