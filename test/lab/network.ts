import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { childrenOf } from '../support/processes.ts'

/** Where akctl is; the nodes are in the same network of 198.51.100.0/24, and nothing else is. */
const OWN_ADDRESS = '198.51.100.1'

interface Host {
  readonly name: string
  readonly address: string
}

/**
 * A machine room: a network namespace for akctl and one for each host, joined by a bridge. Nothing leads out of it, and
 * the machine's own network has none of its addresses. It has processes, mounts, /run and /etc of its own as well, which
 * all end with its first process: nothing of it is left, even if the tests are killed.
 */
export class Network {
  private constructor(
    private readonly holder: ChildProcess,
    private readonly init: number,
  ) {}

  /**
   * Needs root.
   * @param hosts names and addresses
   * @param folder is in memory in there, and empty: the machine's own stays as it is
   * @throws Error when it could not be made
   */
  static async open(hosts: readonly Host[], folder: string): Promise<Network> {
    const kinds = ['--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc']
    const holder = spawn('unshare', [...kinds, 'sh', '-ec', setupOf(hosts, folder)], { stdio: ['pipe', 'pipe', 'inherit'] })
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve())
      holder.once('close', () => reject(new Error('the network could not be made')))
    })
    return new Network(holder, childrenOf(holder.pid ?? 0)[0] ?? 0)
  }

  /** Words that run a program where akctl is. */
  get enter(): readonly string[] {
    return ['nsenter', '-t', String(this.init), '-m', '-n', '-p']
  }

  /** The root folder in there, seen from outside: its mounts are nobody else's. */
  get root(): string {
    return `/proc/${this.init}/root`
  }

  /** Runs shell commands where akctl is. @returns what they printed @throws Error when one fails */
  run(commands: string): string {
    return execFileSync('nsenter', [...this.enter.slice(1), 'sh', '-ec', commands], { encoding: 'utf8' })
  }

  /** Ends every process in there, and with them all the rest. */
  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.holder.once('close', resolve))
    this.holder.stdin?.end()
    if (this.holder.exitCode === null && this.holder.signalCode === null) await ended
  }
}

/** Words that run a program in a host's network, from inside. */
export function inNetworkOf(host: string): string {
  return `nsenter --net=/run/netns/${host}`
}

/** The last lines make the shell the init of its processes: it reaps those that lost their parents until its stdin ends. */
function setupOf(hosts: readonly Host[], folder: string): string {
  const links = hosts.flatMap(({ name }) => [
    `netns add ${name}`,
    `link add ${name} type veth peer name eth0 netns ${name}`,
    `link set ${name} master room up`,
  ])
  const within = hosts.map(
    ({ name, address }) =>
      `printf '%s\\n' 'link set lo up' 'link set eth0 up' 'addr add ${address}/24 dev eth0' | ip -n ${name} -batch -`,
  )
  return `
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=755 tmpfs ${folder}
mkdir -p /run/netns /run/sshd /run/etc/upper /run/etc/work
mount -t overlay overlay -o lowerdir=/etc,upperdir=/run/etc/upper,workdir=/run/etc/work /etc
ip link set lo up
ip link add room type bridge
ip addr add ${OWN_ADDRESS}/24 dev room
ip link set room up
ip -batch - <<END
${links.join('\n')}
END
${within.join('\n')}
exec 3<&0
cat <&3 >/dev/null &
echo ready
wait $!`
}
