import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { NodeConnection } from '../../src/connection/port.ts'
import { ScriptedConnection } from '../../src/connection/scripted/scripted-connection.ts'
import { SshHost } from '../../src/connection/ssh/ssh-host.ts'
import { Secret } from '../../src/node/secret.ts'
import { KEY, TestAgent } from './agent.ts'
import { certificateOf } from './certificates.ts'
import type { LocalNode } from './local-node.ts'
import { policyFor, targetOf, TIMEOUTS } from './ssh-target.ts'
import { type Sshd, startSshd } from './sshd.ts'
import { connectTo } from './tls-server.ts'

/** A way to a node of this machine, with real servers: every suite of test/contract goes each of them. */
export interface Access {
  readonly name: 'local' | 'ssh' | 'https'
  /** A connection of its own, with the addresses of this node; the first one starts the server. */
  connect(node: LocalNode): Promise<NodeConnection>
  /** Ends what `connect` started. */
  end(): Promise<void>
}

/** As akctl does it on its own machine. */
export function byLocal(): Access {
  return { name: 'local', connect: (node) => Promise.resolve(node.connection), end: () => Promise.resolve() }
}

/** By an sshd of its own. */
export function bySsh(): Access {
  let sshd: Sshd | undefined
  return {
    name: 'ssh',
    connect: async ({ driver, installation }) => {
      sshd ??= await startSshd()
      const host = new SshHost(targetOf(sshd), policyFor(sshd), TIMEOUTS)
      return new ScriptedConnection(host, driver, installation, { timeout: 30, changeTimeout: 90 })
    },
    end: async () => sshd?.stop(),
  }
}

/** By the built agent, started as whoever runs the tests (as root it splits). */
export function byHttps(): Access {
  let agent: TestAgent | undefined
  return {
    name: 'https',
    connect: async ({ driver, installation }) => {
      if (agent === undefined) {
        agent = await TestAgent.make({ BASEDIR: installation.directory, MTA: driver.name })
        await agent.start()
      }
      return agentConnection(agent, installation.addresses)
    },
    end: () => Promise.resolve(agent?.remove()),
  }
}

/** The client, with what a profile would know of this agent. */
function agentConnection({ conf, port }: TestAgent, addresses: readonly string[]): NodeConnection {
  const certificate = certificateOf(readFileSync(join(conf, 'server.crt'), 'utf8'))
  const server = { port, endpoint: `127.0.0.1:${port}`, certificate }
  const target = { addresses, apiKey: () => Promise.resolve(new Secret(KEY)) }
  return connectTo(server, { target, timeouts: { connect: 20, command: 30, change: 90 } })
}
