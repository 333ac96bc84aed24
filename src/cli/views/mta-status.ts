import type { NodeState, Synced } from '../../node/state.ts'
import type { MtaStatus } from '../../operations/mta/results.ts'
import type { NodeOutcome } from '../../outcome/outcome.ts'
import type { View } from './view.ts'
import { ago } from './words.ts'

export const mtaStatusView: View<undefined, MtaStatus> = {
  schema: 'mta.status/1',
  table: ({ nodes = [] }) => ({
    columns: ['NAME', 'STATUS', 'SYNCED', 'REVISION', 'PID', 'UPTIME', 'QUEUE', 'LISTEN', 'VERSION'],
    rows: nodes.map((node) => row(node)),
  }),
  brief: ({ outcome, result }) => (result === undefined ? outcome : `${statusWord(result)}, ${SYNCED_WORDS[result.synced]}`),
}

const SYNCED_WORDS: Readonly<Record<Synced, string>> = {
  yes: 'synced',
  no: 'not synced',
  edited: 'edited by hand',
  reload: 'synced but not loaded',
  never: 'never synced',
  unknown: 'synced or not is unknown',
}

function row({ node, outcome, result }: NodeOutcome<MtaStatus>): readonly string[] {
  if (result === undefined) return [node, outcome, 'unknown', '-', '-', '-', '-', '-', '-']
  const { pid, uptime, queue, listening, version, record } = result
  return [
    node,
    statusWord(result),
    result.synced,
    record === undefined ? '-' : String(record.revision),
    pid === undefined ? '-' : String(pid),
    uptime === undefined ? '-' : ago(uptime),
    queue === undefined ? '-' : `${queue.messages}${queue.capped ? '+' : ''}`,
    listening.join(' ') || '-',
    version ?? '-',
  ]
}

/** STATUS in a word: `running`, `stopped`, `absent` (not installed). */
export function statusWord({ running, installed }: Pick<NodeState, 'running' | 'installed'>): string {
  return running ? 'running' : installed ? 'stopped' : 'absent'
}
