import * as Flags from '@oclif/core/flags'
import { installNodes, type Installed } from '../../../operations/install/install.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { changeFlags, connectionFlags, fanFlags, outcomeFlags, partFlags, selectionFlags } from '../../flags.ts'
import { changeRunOf, nodesArg } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { nodesInstallView } from '../../views/nodes-install.ts'

export default class NodesInstall extends AkctlCommand {
  static override summary = 'prepare the installation directories of nodes'
  static override description =
    'Makes the base configuration where there is none, and sends Haraka where the node lacks it; run again it changes only what is not as it should be, and never the base. Postfix must be installed on the node by its own packages; a Postfix of the system (--dir /etc/postfix) is adopted as it is, and takes neither --smtp-listen nor --hostname. Nothing is started.'
  static override examples = [
    '<%= config.bin %> nodes install mx1',
    '<%= config.bin %> nodes install mx1 --smtp-listen 203.0.113.5:25 --hostname mx1.example.com',
    '<%= config.bin %> nodes install --all --serial 1,100% --yes',
  ]
  static override hiddenAliases = ['node:install']
  static override strict = false
  static override args = nodesArg
  static override flags = {
    ...selectionFlags,
    ...fanFlags(8),
    ...outcomeFlags,
    'max-fail': changeFlags['max-fail'],
    'confirm-above': changeFlags['confirm-above'],
    yes: changeFlags.yes,
    'dry-run': changeFlags['dry-run'],
    reason: changeFlags.reason,
    'lock-timeout': changeFlags['lock-timeout'],
    ...partFlags,
    ...connectionFlags,
    'smtp-listen': Flags.string({
      summary: 'ADDRESS:PORT of the SMTP listener; default: port 25 of the first address the node sends from, else of 127.0.0.1',
    }),
    hostname: Flags.string({
      summary: "the MTA's own name; default: the node's host where that is a name, else what the machine calls itself",
    }),
  }

  protected readonly view = nodesInstallView

  protected async perform(context: CliContext): Promise<Report<undefined, Installed>> {
    const { argv, flags } = await this.input(NodesInstall, context)
    const { 'smtp-listen': listen, hostname } = flags
    return { nodes: await installNodes(context, { ...changeRunOf(argv, flags, this.live(context)), listen, hostname }) }
  }
}
