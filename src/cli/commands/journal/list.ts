import * as Flags from '@oclif/core/flags'
import { listJournal } from '../../../operations/journal/list.ts'
import type { JournalEntry } from '../../../profile/profile.ts'
import { AkctlCommand } from '../../command.ts'
import type { CliContext } from '../../context.ts'
import type { Report } from '../../report.ts'
import { journalListView } from '../../views/journal-list.ts'

export default class JournalList extends AkctlCommand {
  static override summary = 'show who changed what, where, and what became of it; newest last'
  static override examples = ['<%= config.bin %> journal list', '<%= config.bin %> journal list --node mx1 -n 20']
  static override flags = {
    node: Flags.string({ summary: 'only this node; a deleted one too' }),
    lines: Flags.integer({ char: 'n', summary: 'how many entries at most', default: 100, min: 1, max: 1_000_000 }),
  }

  protected readonly view = journalListView

  protected async perform(context: CliContext): Promise<Report<readonly JournalEntry[]>> {
    const { flags } = await this.input(JournalList, context)
    const { node, lines: limit } = flags
    return { data: await listJournal(context, { limit, ...(node === undefined ? {} : { node }) }) }
  }
}
