import * as Flags from '@oclif/core/flags'
import { type EditedNode, editNode } from '../../../operations/nodes/edit.ts'
import { readFields } from '../../../operations/nodes/fields.ts'
import { CLEARABLE } from '../../../operations/nodes/merge.ts'
import { UsageError } from '../../../outcome/errors.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { editLabelFlag, nodeFieldFlags, nodeText, refuseFields } from '../../node-flags.ts'
import type { Report } from '../../report.ts'
import { nodesEditView } from '../../views/nodes-edit.ts'

const clear = (field: string, summary: string) => Flags.boolean({ summary, exclusive: [field] })

export default class NodesEdit extends AkctlCommand {
  static override summary = "change a node's record; nothing is done on the server"
  static override description =
    '--address replaces all addresses; --label changes one label. A node that is in another place afterwards counts as not synced yet.'
  static override examples = [
    '<%= config.bin %> nodes edit mx1 --host 203.0.113.7 --label env=prod --label old=',
    '<%= config.bin %> nodes edit mx1 --no-jump --no-sudo',
    '<%= config.bin %> nodes edit mx1 --name mx01',
  ]
  static override hiddenAliases = ['node:edit']
  static override args = { node: wordArg('name or id of a node') }
  static override flags = {
    name: Flags.string({ summary: 'another name' }),
    ...nodeFieldFlags,
    label: editLabelFlag,
    'no-port': clear('port', 'the usual port'),
    'no-user': clear('user', 'log in as root'),
    'no-key': clear('key', 'log in by the ssh-agent'),
    'no-jump': clear('jump', 'no jump host'),
    'no-service': clear('service', 'no systemd service'),
    'no-address': clear('address', 'no addresses'),
    'no-label': clear('label', 'no labels'),
  }

  protected readonly view = nodesEditView

  protected async perform(context: CliContext): Promise<Report<EditedNode>> {
    const { args, flags } = await this.input(NodesEdit, context)
    const refuse = (problems: Parameters<typeof refuseFields>[0]): never => refuseFields(problems, '--name')
    const { fields, problems } = readFields(nodeText(flags, flags.name))
    if (problems.length > 0) refuse(problems)
    const cleared = new Set(CLEARABLE.filter((field) => flags[`no-${field}`]))
    if (Object.keys(fields).length === 0 && cleared.size === 0) {
      throw new UsageError('nothing to change: give a flag for what is to change', {
        hints: ['see them: akctl nodes edit --help'],
      })
    }
    return { data: await editNode(context, args.node, { fields, clear: cleared, refuse }) }
  }
}
