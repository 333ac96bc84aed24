import { isIP, isIPv6 } from 'node:net'
import { type FirstStart, INSTALL_FILE } from '../../connection/local/first-start.ts'
import { isSystem } from '../../mta/postfix/system.ts'
import { type NodeRecord, endpoint, endpointPort } from '../../node/record.ts'
import { UsageError } from '../../outcome/errors.ts'
import { installationOf } from '../connector.ts'
import type { ServerIdentity } from './certificate.ts'
import type { SmallFile } from './small-files.ts'

/** An address that only the machine itself reaches. */
const LOOPBACK = /^(127\.|::1$|0*:(0*:)*0*1$|localhost$|ip6-localhost$)/i

/**
 * Where the agent listens unless somebody says so: the node's own address, or every one where only its name is known.
 */
export function defaultAgentListen(node: NodeRecord): string {
  return endpoint(isIP(node.host) === 0 ? '0.0.0.0' : node.host.replace(/%.*/, ''), endpointPort(node))
}

/** @throws UsageError for what is no `ADDRESS:PORT` */
export function checkAgentListen(text: string): void {
  const { host, port } = split(text)
  if (isIP(host) !== 0 && isIPv6(host) === text.startsWith('[') && port >= 1 && port <= 65535) return
  throw new UsageError(`--listen: '${text}' is not allowed: give ADDRESS:PORT`, {
    hints: ['such as 203.0.113.5:4433, 0.0.0.0:4433 or [2001:db8::5]:4433'],
  })
}

/** What is odd about a place to listen: the archive works, and akctl may not get there. */
export function listenWarnings(node: NodeRecord, listen: string): readonly string[] {
  const { host, port } = split(listen)
  const found: string[] = []
  if (LOOPBACK.test(host) && !LOOPBACK.test(node.host)) {
    found.push(
      `${node.name}: the agent will listen on ${host} only, which is not reached from elsewhere; its host is ${node.host}`,
    )
  }
  if (port !== endpointPort(node)) {
    found.push(
      `${node.name}: the agent will listen on port ${port}, and akctl connects to ${endpointPort(node)}: akctl nodes edit ${node.name} --port ${port}`,
    )
  }
  return found
}

/**
 * `conf/node.json`. Paths are relative, so that the archive works wherever it is unpacked: files to the folder of
 * node.json, BASEDIR to its parent.
 * @param digests SHA-256 of the accepted API keys, in hex
 */
export function nodeJson(node: NodeRecord, listen: string, digests: readonly string[]): SmallFile {
  const fields = {
    LISTEN: listen,
    CERT_PATH: 'server.crt',
    KEYFILE_PATH: 'server.key',
    APIKEY: digests.map((digest) => `sha256:${digest}`).join(','),
    PID_FILE: '../run/agent.pid',
    LOG_FILE: '../log/agent.log',
    // The system's own Postfix is where it is.
    BASEDIR: node.mta === 'postfix' && isSystem(installationOf(node)) ? node.directory : '.',
    MTA: node.mta,
    ...(node.service === undefined ? {} : { SERVICE: node.service }),
  }
  return { path: 'conf/node.json', mode: 0o600, content: `${JSON.stringify(fields, undefined, 2)}\n` }
}

/** The certificate and its key, as the agent reads them. */
export function identityFiles({ certificate, key }: ServerIdentity): readonly SmallFile[] {
  return [
    { path: 'conf/server.crt', mode: 0o644, content: certificate },
    { path: 'conf/server.key', mode: 0o600, content: key.reveal() },
  ]
}

/** What the agent prepares at its first start: the base belongs to the operator, so no archive may carry one. */
export function installJson(first: FirstStart): SmallFile {
  return { path: `conf/${INSTALL_FILE}`, mode: 0o600, content: `${JSON.stringify(first, undefined, 2)}\n` }
}

function split(listen: string): { readonly host: string; readonly port: number } {
  const [, v6, v4 = '', port = ''] = /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9.]+)):(\d{1,5})$/.exec(listen) ?? []
  return { host: v6 ?? v4, port: Number(port) }
}
