import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CliNode } from './cli-nodes.ts'
import { tempDir } from './temp.ts'
import { until } from './until.ts'

/** What the orders of a Postfix node run once they have begun: to put a revision in its place, to say what is wanted, to start. */
const PROGRAMS = ['mv', 'postfix']

/**
 * Holds a node's script in the middle of an order, however fast the machine is: programs that it runs are found first
 * in this folder, and wait there while the gate is shut. Only the first to come is held.
 */
export class Gate {
  /** For the front of the PATH of the node's sessions. */
  readonly folder = tempDir('akctl-gate-')
  private readonly shut = join(this.folder, 'shut')
  private readonly held = join(this.folder, 'held')

  constructor() {
    chmodSync(this.folder, 0o755)
    for (const name of PROGRAMS) writeFileSync(join(this.folder, name), this.program(), { mode: 0o755 })
  }

  private program(): string {
    return `#!/bin/sh
if [ -e '${this.shut}' ] && sh '${this.shut}' && mkdir '${this.held}' 2>/dev/null; then
  echo $$ $PPID >'${this.held}/pids'
  while [ -e '${this.shut}' ]; do sleep 0.02; done
fi
PATH=\${PATH#*:}
exec "\${0##*/}" "$@"
`
  }

  /** Shuts the gate for the node's next order of this verb. @returns what waits until its script is held */
  close(node: CliNode, verb: string): () => Promise<unknown> {
    rmSync(this.held, { recursive: true, force: true })
    writeFileSync(this.shut, `[ "$(grep -c ' ${verb} begun ' '${node.path('akctl/orders')}')" -gt ${node.begun(verb)} ]\n`)
    return () => until(`a script is held in its ${verb}`, 60, () => this.pids())
  }

  /** Lets the held script go on. */
  open(): void {
    rmSync(this.shut, { force: true })
  }

  /** Kills the held script with -9, before what it waits for: it would take that for a failure, and say so. */
  kill(): void {
    for (const pid of this.pids()?.toReversed() ?? []) process.kill(pid, 'SIGKILL')
    this.open()
  }

  /** The program that waits, and the script that has called it. */
  private pids(): readonly number[] | undefined {
    const text = readFileSync(join(this.held, 'pids'), 'utf8')
    return text.endsWith('\n') ? text.trim().split(' ').map(Number) : undefined
  }
}
