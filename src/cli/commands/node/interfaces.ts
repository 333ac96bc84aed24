import { nodeInterfaces, type NodeAddress } from '../../../operations/nodes/interfaces.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags, fanFlags, outcomeFlags, selectionFlags } from '../../flags.ts'
import { nodesArg, selectionOf, widthOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { nodeInterfacesView } from '../../views/node-interfaces.ts'

export default class NodeInterfaces extends AkctlCommand {
  static override summary = 'list the addresses of nodes: which they send from, and which the MTA listens on'
  static override description =
    "SENDS: yes (an --address of the node's record), no, any (the record names none, so the system chooses). LISTENS is read from the running MTA."
  static override examples = ['<%= config.bin %> node interfaces mx1', '<%= config.bin %> node interfaces --all --json']
  static override hiddenAliases = ['nodes:interfaces']
  static override strict = false
  static override args = nodesArg
  static override flags = { ...selectionFlags, ...fanFlags(64), ...outcomeFlags, ...connectionFlags }

  protected readonly view = nodeInterfacesView

  protected async perform(context: CliContext): Promise<Report<undefined, readonly NodeAddress[]>> {
    const { argv, flags } = await this.input(NodeInterfaces, context)
    return { nodes: await nodeInterfaces(context, selectionOf(argv, flags), widthOf(flags)) }
  }
}
