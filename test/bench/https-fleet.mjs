// Client CPU a host of `mta status --all` over HTTPS, and what the agent itself needs: one server that listens on all
// addresses of a network of its own, so that every 127.1.A.B is a host with a handshake of its own. Needs root.
import { execFileSync, spawn } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { address } from './address.mjs'
import { account, benchEnv } from './measure.mjs'
import { seedAgents, seedNodes } from './seed.mjs'

const PORT = 24433
const LAUNCHER = fileURLToPath(new URL('../../dist/agent/node', import.meta.url))
const STAND_IN = fileURLToPath(new URL('stand-in-agent.mjs', import.meta.url))
const BARE = fileURLToPath(new URL('bare-undici.mjs', import.meta.url))

/** Hosts of the real agent: each runs a script of 0.2 s on these cores. */
const REAL = 100

/**
 * @param {string} bin bin/run.js
 * @param {{ agents: number, requests: number, runs: number }} options agents: hosts; requests: broken ones that are sent to the
 *   agent; runs: of which the best counts
 */
export async function httpsFleet(bin, { agents, requests, runs }) {
  return [...(await client(bin, agents, runs)), ...(await agent(bin, Math.min(agents, REAL), requests))]
}

/** What the client alone needs: against a stand-in. */
async function client(bin, count, runs) {
  const fleet = new AgentFleet(bin, count)
  try {
    await fleet.upWithStandIn()
    fleet.status() // warms the code cache
    const all = Array.from({ length: runs }, () => [fleet.bare(), fleet.status()])
    const bare = cheapest(all.map(([one]) => one))
    const { cpu, rss, wall } = cheapest(all.map(([, one]) => one))
    return [
      {
        name: `akctl mta status --all, ${count} HTTPS hosts (a stand-in answers): client CPU a host`,
        value: cpu / count,
        unit: 'ms',
        target: 5,
        note: `${(wall / 1000).toFixed(1)} s`,
      },
      { name: 'the same: peak memory', value: rss, unit: 'MB', note: '' },
      { name: 'bare undici, handshake and one call, in the same run', value: bare.cpu / count, unit: 'ms', note: '' },
    ]
  } finally {
    await fleet.down()
  }
}

/** What a real agent needs, and the client while it works. */
async function agent(bin, count, requests) {
  const fleet = new AgentFleet(bin, count)
  try {
    await fleet.up()
    const idle = fleet.memory()
    const bare = fleet.bare()
    const { cpu } = fleet.status()
    const calls = await fleet.statusCalls(8, 10_000)
    const began = Date.now()
    const broken = await fleet.brokenRequests(requests)
    const seconds = (Date.now() - began) / 1000
    return [
      {
        name: `akctl mta status --all, ${count} hosts of a real agent: client CPU a host`,
        value: cpu / count,
        unit: 'ms',
        note: '',
      },
      { name: 'bare undici, the same', value: bare.cpu / count, unit: 'ms', note: '' },
      {
        name: 'an idle agent (keeper and listener): memory of its own',
        value: idle.own,
        unit: 'MB',
        target: 80,
        note: idle.note,
      },
      { name: 'status calls of one agent, 8 at a time', value: calls, unit: '/s', note: 'each runs the driver’s script' },
      {
        name: `status calls after ${requests} broken requests`,
        value: broken,
        unit: '/s',
        note: `they took ${seconds.toFixed(0)} s`,
      },
    ]
  } finally {
    await fleet.down()
  }
}

function cheapest(results) {
  return results.reduce((a, b) => (a.cpu < b.cpu ? a : b))
}

class AgentFleet {
  constructor(bin, count) {
    this.bin = bin
    this.count = count
    this.folder = mkdtempSync(join(tmpdir(), 'akctl-bench-agent-'))
    chmodSync(this.folder, 0o755)
    this.env = benchEnv({ AKCTL_HOME: this.#at('profile') })
    this.certificate = this.#at('conf/server.crt')
    this.apiKey = randomBytes(32).toString('base64url')
  }

  async up() {
    const run = (...words) => execFileSync(process.execPath, [this.bin, ...words], { env: this.env, stdio: 'pipe' })
    run('nodes', 'create', 'here', '--access', 'local', '--dir', this.#at('mta'), '--mta', 'postfix')
    run('nodes', 'install', 'here', '--smtp-listen', '127.0.0.1:2525', '--hostname', 'mx.example.com')
    run('mta', 'start', 'here', '--no-sync')
    run('nodes', 'delete', 'here', '--yes')
    this.#makeCertificate()
    this.#startAgent()
    await this.#seed()
  }

  /** The same hosts, with a stand-in in place of the agent. */
  async upWithStandIn() {
    this.#makeCertificate()
    this.standIn = spawn(process.execPath, [STAND_IN, String(PORT), this.certificate, this.#at('conf/server.key')], {
      env: this.env,
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    await once(this.standIn.stdout, 'data')
    await this.#seed()
  }

  /** `mta status --all` and its account. @throws Error unless every host answered */
  status() {
    const result = account([this.bin, 'mta', 'status', '--all', '--json'], this.env)
    const { status, stdout, stderr } = result
    const answered = stdout === '' ? 0 : JSON.parse(stdout).nodes.filter(({ outcome }) => outcome === 'ok').length
    if (status !== 0 || answered !== this.count)
      throw new Error(`status ended with ${status}, ${answered} of ${this.count}: ${(stderr || stdout).slice(0, 2000)}`)
    return result
  }

  /** The same calls by undici alone. */
  bare() {
    return account([BARE, String(this.count), String(PORT), this.certificate, this.apiKey], this.env)
  }

  async #seed() {
    await seedNodes(
      this.env.AKCTL_HOME,
      Array.from({ length: this.count }, (_, index) => ({
        name: `mx${index + 1}`,
        host: address(index),
        port: PORT,
        access: 'https',
        directory: this.#at('mta'),
      })),
    )
    await seedAgents(this.env.AKCTL_HOME, { certificate: readFileSync(this.certificate, 'utf8'), apiKey: this.apiKey })
  }

  /** Memory of the agent's processes that they share with nobody, and what the kernel counts as resident, in MB. */
  memory() {
    const keeper = Number(readFileSync(this.#at('run/agent.pid'), 'utf8'))
    const children = readFileSync(`/proc/${keeper}/task/${keeper}/children`, 'utf8').trim().split(' ').filter(Boolean)
    const of = (pid, field) =>
      Number(new RegExp(`^${field}: +(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0) / 1024
    const pids = [keeper, ...children]
    const sum = (field) => pids.reduce((total, pid) => total + of(pid, field), 0)
    return { own: sum('Pss'), note: `proportional; resident ${pids.map((pid) => of(pid, 'Rss').toFixed(0)).join(' + ')} MB` }
  }

  /** @returns status calls a second */
  async statusCalls(width, milliseconds) {
    const agent = new Agent({ keepAlive: true, maxSockets: width })
    const until = Date.now() + milliseconds
    let done = 0
    const work = async () => {
      for (; Date.now() < until; done++) {
        const status = await this.#call(agent, 'GET', '/v1/status')
        if (status !== 200) throw new Error(`status was answered by ${status}`)
      }
    }
    await Promise.all(Array.from({ length: width }, work))
    agent.destroy()
    return (done * 1000) / milliseconds
  }

  /** Sends what no client would send, with the right key. @returns status calls a second afterwards */
  async brokenRequests(count) {
    const agent = new Agent({ keepAlive: true, maxSockets: 16 })
    const paths = ['/v1/sync', '/v1/diff', '/v1/logs', '/v1/rollback', '/v1/orders/..%2f', '/v1/nothing', '/v1/start']
    let sent = 0
    const work = async () => {
      while (sent < count) {
        const index = sent++
        const body =
          index % 3 === 0 ? randomBytes(index % 400) : JSON.stringify({ settings: { [`x${index}`]: '$(id)\n' }, id: index })
        const status = await this.#call(agent, 'POST', paths[index % paths.length], body)
        if (status < 400 || status >= 500) throw new Error(`request ${index} was answered by ${status}`)
      }
    }
    await Promise.all(Array.from({ length: 16 }, work))
    agent.destroy()
    return this.statusCalls(8, 3000)
  }

  async down() {
    if (this.standIn !== undefined) {
      const ended = once(this.standIn, 'exit')
      this.standIn.stdin.end()
      await ended
    }
    try {
      execFileSync('sh', ['-c', 'kill "$(cat run/agent.pid)"; kill -TERM -- "-$(tr -d " " <mta/queue/pid/master.pid)"'], {
        cwd: this.folder,
        stdio: 'ignore',
      })
    } catch {
      // one of them was not there
    }
    rmSync(this.folder, { recursive: true, force: true })
  }

  #makeCertificate() {
    for (const name of ['conf', 'run', 'log']) mkdirSync(this.#at(name))
    const names = ['-subj', '/CN=bench', '-days', '2', '-keyout', this.#at('conf/server.key'), '-out', this.certificate]
    const form = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    execFileSync('openssl', [...form, ...names], { stdio: 'pipe' })
  }

  #startAgent() {
    const conf = {
      LISTEN: `0.0.0.0:${PORT}`,
      ...{ CERT_PATH: 'server.crt', KEYFILE_PATH: 'server.key' },
      APIKEY: `sha256:${createHash('sha256').update(this.apiKey).digest('hex')}`,
      ...{ PID_FILE: '../run/agent.pid', LOG_FILE: '../log/agent.log', BASEDIR: 'mta', MTA: 'postfix' },
    }
    writeFileSync(this.#at('conf/node.json'), JSON.stringify(conf), { mode: 0o600 })
    execFileSync(LAUNCHER, ['-d', '--https', `--config=${this.#at('conf')}`], { env: this.env, stdio: 'pipe' })
  }

  #call(agent, method, path, body) {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: PORT, method, path, agent, rejectUnauthorized: false }
      const headers = {
        authorization: `Bearer ${this.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      }
      const sent = request({ ...options, headers }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
      sent.on('error', reject).end(body)
    })
  }

  #at(name) {
    return join(this.folder, name)
  }
}
