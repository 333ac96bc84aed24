import { isIP, isIPv6 } from 'node:net'
import { isSystem } from '../../mta/postfix/system.ts'
import type { NodeRecord } from '../../node/record.ts'
import { UsageError } from '../../outcome/errors.ts'
import { installationOf } from '../connector.ts'

/** The port of SMTP. */
const SMTP = 25

/** What may be said of an installation. */
interface Wanted {
  readonly listen: string | undefined
  readonly hostname: string | undefined
}

/** `ADDR:PORT` of a node's SMTP listener unless somebody says another. */
export function defaultListen({ addresses }: NodeRecord): string {
  const [first = '127.0.0.1'] = addresses
  return isIPv6(first) ? `[${first}]:${SMTP}` : `${first}:${SMTP}`
}

/**
 * What a node's MTA calls itself unless somebody says another name.
 * @param fqdn what the machine calls itself, where that is known
 */
export function defaultHostname({ host, name }: NodeRecord, fqdn: string | undefined): string {
  if (isIP(host) === 0 && host.includes('.')) return host
  return fqdn !== undefined && isHostname(fqdn) ? fqdn : name
}

/** @throws UsageError for an address or a name that no MTA would take */
export function checkInstallOptions({ listen, hostname }: Wanted): void {
  if (listen !== undefined && !isListen(listen)) {
    throw new UsageError(`--smtp-listen: '${listen}' is not allowed: give ADDRESS:PORT`, {
      hints: ['such as 203.0.113.5:25, 0.0.0.0:2525 or [2001:db8::5]:25'],
    })
  }
  if (hostname !== undefined && !isHostname(hostname)) {
    throw new UsageError(`--hostname: '${hostname}' is not allowed: give a host name such as mx1.example.com`)
  }
}

/** Whether a node's directory is the system's Postfix, which is adopted as it is. */
export function isAdopted(node: NodeRecord): boolean {
  return node.mta === 'postfix' && isSystem(installationOf(node))
}

/** @throws UsageError for an address or a name where a node's Postfix is adopted as it is */
export function refuseForAdopted(nodes: readonly NodeRecord[], { listen, hostname }: Wanted): void {
  const node = nodes.find((one) => isAdopted(one))
  if (node === undefined || (listen === undefined && hostname === undefined)) return
  const flag = listen === undefined ? '--hostname' : '--smtp-listen'
  throw new UsageError(`${flag}: ${node.name} is the system's Postfix (${node.directory}), which is adopted as it is`, {
    hints: [
      `leave ${flag} out; where it listens and what it calls itself is in its own main.cf and master.cf`,
      'for an instance of its own, give the node another --dir',
    ],
  })
}

/** Whether a text is `v4-address:port` or `[v6-address]:port`. */
export function isListen(text: string): boolean {
  const [, v6, v4 = '', port] = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(text) ?? []
  const number = Number(port)
  return (v6 === undefined ? isIP(v4) === 4 : isIPv6(v6)) && number >= 1 && number <= 65535
}

function isHostname(text: string): boolean {
  return (
    text.length <= 253 &&
    /^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$/.test(text)
  )
}
