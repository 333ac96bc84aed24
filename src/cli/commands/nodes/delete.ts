import * as Flags from '@oclif/core/flags'
import type { NodeRecord } from '../../../node/record.ts'
import { type DeletedNode, deleteNode } from '../../../operations/nodes/delete.ts'
import { wordArg } from '../../args.ts'
import { AkctlCommand } from '../../command.ts'
import { consentByName } from '../../consent.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { nodesDeleteView } from '../../views/nodes-delete.ts'

export default class NodesDelete extends AkctlCommand {
  static override summary = "forget a node's record; the server is left untouched, a running mail server keeps running"
  static override description =
    'Identities that were accepted for its host (and jump host) are forgotten as well, unless another node uses the same one. Its lines in the journal stay.'
  static override examples = ['<%= config.bin %> nodes delete mx1', '<%= config.bin %> nodes delete mx1 --yes']
  static override hiddenAliases = ['node:delete']
  static override args = { node: wordArg('name or id of a node') }
  static override flags = { yes: Flags.boolean({ char: 'y', summary: 'do not ask' }) }

  protected readonly view = nodesDeleteView

  protected async perform(context: CliContext): Promise<Report<DeletedNode>> {
    const { args, flags } = await this.input(NodesDelete, context)
    const consent = ({ name, host }: NodeRecord): Promise<void> =>
      consentByName(context, `the record of the node ${name} (${host})`, name, flags.yes)
    return { data: await deleteNode(context, args.node, consent) }
  }
}
