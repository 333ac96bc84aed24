import { testNodes, type TestResult } from '../../../operations/testing/test.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import { connectionFlags, fanFlags, outcomeFlags, selectionFlags } from '../../flags.ts'
import { nodesArg, selectionOf, widthOf } from '../../node-args.ts'
import type { Report } from '../../report.ts'
import { nodesTestView } from '../../views/nodes-test.ts'

export default class NodesTest extends AkctlCommand {
  static override summary = 'try nodes step by step: name, connection, identity, login, rights, directory, MTA, agent, clock'
  static override description =
    'Changes nothing. A step is ok, failed, or skipped with the reason; the first that fails decides the exit code.'
  static override examples = ['<%= config.bin %> nodes test mx1', '<%= config.bin %> nodes test --all --json']
  static override hiddenAliases = ['node:test']
  static override strict = false
  static override args = nodesArg
  static override flags = { ...selectionFlags, ...fanFlags(64), ...outcomeFlags, ...connectionFlags }

  protected readonly view = nodesTestView

  protected async perform(context: CliContext): Promise<Report<undefined, TestResult>> {
    const { argv, flags } = await this.input(NodesTest, context)
    return { nodes: await testNodes(context, selectionOf(argv, flags), widthOf(flags)) }
  }
}
