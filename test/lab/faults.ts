import type { TestCli } from '../support/cli.ts'
import type { LabNode } from './fleet.ts'
import { type Network, inNetworkOf } from './network.ts'
import type { Fault } from './places.ts'
import { startSshd, stopSshd } from './servers.ts'

/** A login that only the node without sudo has. */
const NO_SUDOER = 'deploy'

/** An address that no host of the room has. */
const NOWHERE = '198.51.100.250'

/** What makes each fault, as shell commands where akctl is. It acts again in every run. */
const MAKE: Readonly<Record<Fault, (node: LabNode) => string>> = {
  refused: ({ folders }) => stopSshd(folders),
  'black-hole': ({ name }) => `
${inNetworkOf(name)} nft -f - <<END
table inet lab { chain in { type filter hook input priority 0; tcp dport 22 drop; }; }
END`,
  reset: cutter,
  'host-key': ({ place, folders, sshd }) =>
    `${stopSshd(folders)}\nrm ${sshd}/host_key* ${sshd}/log\n${startSshd(place, folders)}`,
  'user-key': ({ sshd }) => `: >${sshd}/log\ncp ${sshd}/host_key.pub ${sshd}/authorized_keys`,
  'full-disk': ({ folders }) => `! cat /dev/zero >${folders.own}/mta/filler 2>/dev/null`,
  'no-sudo': () => `useradd -M -d /nonexistent -s /bin/sh -p '*' ${NO_SUDOER}`,
  'mta-dies': () => '',
  hanging: ({ sshd }) => `kill -STOP $(cat ${sshd}/pid)`,
  slow: ({ name }) => `tc qdisc add dev ${name} root tbf rate 256kbit burst 8kb latency 400ms`,
}

/** The same on akctl's side: what its profile says of the node. */
const TELL: Readonly<Partial<Record<Fault, (name: string) => readonly string[]>>> = {
  'no-sudo': (name) => ['nodes', 'edit', name, '--user', NO_SUDOER, '--sudo'],
  // Postfix finds nothing wrong with an address until it starts to listen there, and dies.
  'mta-dies': (name) => ['settings', 'set', name, `smtp-listen-only-interfaces=${NOWHERE}`],
}

/** Breaks the nodes that are to be broken. */
export async function breakFleet(cli: TestCli, network: Network, nodes: readonly LabNode[]): Promise<void> {
  for (const node of nodes) {
    const { fault } = node.place
    if (fault === undefined) continue
    network.run(MAKE[fault](node))
    const words = TELL[fault]?.(node.name)
    if (words !== undefined) await cli.ok(words)
  }
}

/**
 * A program in place of Postfix's postmap, by which a sync checks what it is about to commit: first it resets the link of the
 * login that it works for, and no other. So the link dies in the middle of the order, whatever the machine's speed.
 */
function cutter({ sshd }: LabNode): string {
  return `
cat >${sshd}/shims/postmap <<'PROGRAM'
#!/bin/sh
set -- "$(echo "$SSH_CONNECTION" | cut -d' ' -f2)" "$@"
nft -f - <<END
flush ruleset
table inet lab {
  chain in { type filter hook input priority 0; tcp sport $1 reject with tcp reset; }
  chain out { type filter hook output priority 0; tcp dport $1 tcp flags & rst == 0 reject with tcp reset; }
}
END
shift
exec /usr/sbin/postmap "$@"
PROGRAM
chmod 755 ${sshd}/shims/postmap`
}
