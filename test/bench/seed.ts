// Fills a store by the program's own code: a command for each of 300 nodes would take a minute.
import { driverOf } from '../../src/mta/drivers.ts'
import { statusScript } from '../../src/mta/shared/operations.ts'
import { Packing } from '../../src/script/packing.ts'
import { commandLine, programOf } from '../../src/script/program.ts'
import { openHome } from '../../src/profile/home.ts'
import { nodeSecrets } from '../../src/node/node-secrets.ts'
import { type NodeRecord, endpoint, endpointPort } from '../../src/node/record.ts'
import { Secret } from '../../src/node/secret.ts'
import { describeCertificate, readCertificate } from '../../src/connection/agent/certificate.ts'
import { OneAccess } from '../support/secret-access.ts'

/** Adds nodes to the profile in use; what is not given is that of a Postfix node over SSH. */
export async function seed(home: string, nodes: readonly Partial<NodeRecord>[]): Promise<void> {
  const profile = await openHome({ AKCTL_HOME: home }).open()
  await profile.update((data) => {
    const added = nodes.map((node, index): NodeRecord => ({
      id: data.nextId + index,
      name: `mx${data.nextId + index}`,
      host: '192.0.2.1',
      directory: '/srv/mx',
      access: 'ssh',
      mta: 'postfix',
      sudo: false,
      addresses: [],
      labels: {},
      settings: {},
      createdAt: new Date().toISOString(),
      ...node,
    }))
    return { data: { ...data, nextId: data.nextId + added.length, nodes: [...data.nodes, ...added] }, result: undefined }
  })
}

/** What `nodes archive` would have kept of each HTTPS node, here one agent's certificate (PEM) and key for all of them. */
export async function seedAgents(home: string, agent: { readonly certificate: string; readonly apiKey: string }): Promise<void> {
  const read = readCertificate(agent.certificate)
  if (read === undefined) throw new Error('no certificate')
  const profile = await openHome({ AKCTL_HOME: home }, new OneAccess({ kind: 'plain' })).open()
  const { nodes } = await profile.read()
  const { kind, type, fingerprint, certificate } = describeCertificate('', read)
  const kept = { kind, type, fingerprint, certificate, added: new Date().toISOString(), by: 'bench', source: 'archive' }
  await profile.trust.add(nodes.map((node) => ({ endpoint: endpoint(node.host, endpointPort(node)), ...kept })))
  for (const { id } of nodes) await profile.secrets.set(nodeSecrets(id).apiKey, new Secret(agent.apiKey))
}

/** The command line that `mta status` sends for a Postfix node. */
export function statusCommand(directory: string): string {
  const { text } = programOf(statusScript(driverOf('postfix'), { directory, addresses: [] }))
  return commandLine(new Packing().pack(text), { sudo: false })
}
