import type { NodeRecord } from '../../../node/record.ts'
import { createNode } from '../../../operations/nodes/create.ts'
import { type NodeText, readFields } from '../../../operations/nodes/fields.ts'
import { blankNode, contradictions, merged } from '../../../operations/nodes/merge.ts'
import { optionalArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { nodeFieldFlags, nodeText, refuseFields } from '../../node-flags.ts'
import { askMissing, missingFields } from '../../node-questions.ts'
import type { Report } from '../../report.ts'
import { nodesCreateView } from '../../views/nodes-create.ts'

export default class NodesCreate extends AkctlCommand {
  static override summary = 'register a node; nothing is done on the server'
  static override description =
    'On a terminal, what is missing is asked for. Next: trust its identity, test it, install the mail server.'
  static override examples = [
    '<%= config.bin %> nodes create mx1 --host mx1.example.com --dir /opt/akmta --mta postfix --key fleet --label role=relay',
    '<%= config.bin %> nodes create mx2 --host 10.0.0.5 --dir /opt/akmta --mta haraka --user deploy --sudo --jump ops@bastion.example.com:22',
    '<%= config.bin %> nodes create here --access local --dir /opt/akmta --address 203.0.113.5',
  ]
  static override hiddenAliases = ['node:create']
  static override args = { name: optionalArg('name of the new node') }
  static override flags = nodeFieldFlags

  protected readonly view = nodesCreateView

  protected async perform(context: CliContext): Promise<Report<NodeRecord>> {
    const { args, flags } = await this.input(NodesCreate, context)
    const typed = nodeText(flags, args.name)
    refuseBad(typed, context.prompter.canAsk)
    const { fields } = readFields(await askMissing(context, typed))
    const { name = '', directory = '', host = 'localhost' } = fields
    const spec = merged(blankNode(name, host, directory), fields)
    const problems = contradictions(spec, fields)
    if (problems.length > 0) refuseFields(problems, 'NAME')
    return { data: await createNode(context, spec) }
  }
}

/** Before anything is asked: nobody likes to answer five questions first. */
function refuseBad(typed: NodeText, canAsk: boolean): void {
  const missing = canAsk ? [] : missingFields(typed)
  const problems = [...missing, ...readFields(typed).problems]
  if (problems.length > 0) refuseFields(problems, 'NAME')
}
